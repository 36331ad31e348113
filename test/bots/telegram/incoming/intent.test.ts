import fc from 'fast-check';
import type { Message } from 'grammy/types';
import { describe, it } from 'vitest';
import { intentOf } from '../../../../src/bots/telegram/incoming/intent.ts';

describe('understanding', () => {
  it('never fails, whatever the text and its entities', () => {
    const entity = fc.record({
      type: fc.constantFrom(
        'bot_command' as const,
        'mention' as const,
        'text_mention' as const,
        'bold' as const,
      ),
      offset: fc.integer({ min: -5, max: 50 }),
      length: fc.integer({ min: -5, max: 50 }),
      user: fc.constant({ id: 1, is_bot: true, first_name: 'x' }),
    });
    const message = fc.record({
      text: fc.string({ unit: 'grapheme' }),
      entities: fc.array(entity, { maxLength: 5 }),
      type: fc.constantFrom('private', 'supergroup'),
    });
    fc.assert(
      fc.property(message, ({ text, entities, type }) => {
        const chat = { id: 1, type, first_name: 'x' };
        intentOf({ message_id: 1, date: 1, chat, text, entities } as unknown as Message, {
          id: 1,
          username: 'b',
        });
      }),
    );
  });
});
