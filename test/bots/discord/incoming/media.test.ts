import { CDN } from 'discord.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imagesOf } from '../../../../src/bots/discord/incoming/media.ts';

describe('images', () => {
  it('survive whatever a message holds', () => {
    const cdn = new CDN();
    const attachment = fc.record({
      url: fc.webUrl(),
      filename: fc.string(),
      size: fc.nat(),
      content_type: fc.option(fc.string(), { nil: undefined }),
    });
    const message = fc.record(
      {
        attachments: fc.array(attachment),
        embeds: fc.array(fc.record({ image: fc.record({ url: fc.string() }) }, { requiredKeys: [] })),
        sticker_items: fc.array(
          fc.record({ id: fc.string(), name: fc.string(), format_type: fc.integer({ min: 0, max: 9 }) }),
        ),
        message_snapshots: fc.array(
          fc.record({ message: fc.record({ attachments: fc.array(attachment) }, { requiredKeys: [] }) }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(message, (one) => {
        expect(imagesOf(one as never, { cdn, isAllowed: () => true }).images.length).toBeLessThanOrEqual(10);
      }),
    );
  });
});
