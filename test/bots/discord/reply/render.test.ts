import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resultDraft, statusDraft } from '../../../../src/bots/discord/reply/drafts.ts';
import { altText, fileName, partOfFile } from '../../../../src/bots/discord/reply/render.ts';
import type { PartState } from '../../../../src/bots/discord/reply/reply-store.ts';
import { newGroupState } from '../../../../src/bots/discord/reply/reply-store.ts';
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
            const name = fileName(reply(part, parts, spoiler), { style: id }, png ? 'png' : 'jpeg');
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

describe('an album says how many of its pictures are drawn', () => {
  const reply = { group: 'dc-1', parts: 4, part: 3, userId: '3', spoiler: false } as DiscordReply;
  const context = { locale: 'en', style: '3d' } as const;
  const pending: PartState = { state: 'pending' };
  const open: PartState = { state: 'open' };
  const done: PartState = { state: 'done', attachmentId: '7' };
  const failed: PartState = { state: 'failed', reason: 'broken_image', details: {} };
  const progress = (count: number) => createTexts('en').status.album({ done: count, total: 4 });

  it.each([
    ['nothing is in the queue yet but one', [open, pending, pending, pending], 0],
    ['three were refused', [failed, failed, failed, open], 0],
    ['one is drawn, one refused', [done, failed, open, pending], 1],
  ] as const)('%s', (_, parts, drawn) => {
    const state = { ...newGroupState(reply), parts: [...parts] };
    const status = { kind: 'queued', ahead: 2, etaSeconds: 9 } as const;
    expect(statusDraft(state, context, status).body.content?.split('\n')[0]).toBe(progress(drawn));
    const draft = { state, reply, context, pictures: [], styles: [], hints: [] };
    expect(resultDraft(draft).body.content).toBe(progress(drawn));
    const joining = parts.findIndex(({ state }) => state === 'open' || state === 'pending');
    const file = { name: `dctoon-3d-${joining + 1}.jpg`, bytes: new Uint8Array() };
    const picture = { context, reply: { ...reply, part: joining }, file, shrunk: false };
    const isLast = parts.filter(({ state }) => state === 'open' || state === 'pending').length === 1;
    const { content } = resultDraft({ ...draft, pictures: [picture] }).body;
    if (isLast) expect(content).not.toContain('done');
    else expect(content).toBe(progress(drawn + 1));
  });
});
