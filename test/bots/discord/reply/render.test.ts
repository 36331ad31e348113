import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { altText, fileName, partOfFile } from '../../../../src/bots/discord/reply/render.ts';
import type { DiscordReply } from '../../../../src/bots/discord/types.ts';
import { createTexts } from '../../../../src/texts/index.ts';

describe('file names', () => {
  const reply = (part: number, parts: number, spoiler: boolean) => ({ part, parts, spoiler }) as DiscordReply;

  it('tell which part of a group they are', () => {
    const style = fc.stringMatching(/^[a-z0-9]{1,12}(-[a-z0-9]{1,4})?$/);
    fc.assert(
      fc.property(
        style,
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        fc.boolean(),
        (id, parts, spoiler, png) => {
          for (let part = 0; part < parts; part++) {
            const name = fileName(reply(part, parts, spoiler), id, png ? 'png' : 'jpeg');
            expect(partOfFile(name, parts)).toBe(part);
          }
        },
      ),
    );
  });

  it('of others are not ours', () => {
    for (const name of ['photo.jpg', 'dctoon-3d-11.jpg', 'dctoon-3d-0.jpg', 'dctoon.jpg']) {
      expect(partOfFile(name, 10)).toBeUndefined();
    }
  });

  it('alternative texts stay within the limit', () => {
    expect(altText(createTexts('en'), '3D', 'x'.repeat(2000))).toHaveLength(1024);
  });
});
