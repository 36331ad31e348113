/** Whatever arrives in the shape of an update: the bot survives it, and answers the next photo. */
import fc from 'fast-check';
import type { Message } from 'grammy/types';
import { describe, expect, it } from 'vitest';
import { intentOf } from '../../../src/bots/telegram/incoming/intent.ts';
import { mediaIn } from '../../../src/bots/telegram/incoming/media.ts';
import { createWebhook } from '../../../src/bots/telegram/incoming/webhook.ts';
import { decodeCallbackData } from '../../../src/bots/telegram/outgoing/callback-data.ts';
import { picture } from './engine.ts';
import { type Harness, until, useHarness } from './harness.ts';

const SECRET = 'secret-secret-secret-secret-secret-1';
const ME = { id: 1, username: 'dctoon_test_bot' };

describe('webhook bodies', () => {
  const post = (body: string | Uint8Array, receive: () => Promise<void> = async () => {}) =>
    createWebhook({ secret: SECRET, receiver: { receive, isFull: false } as never, isOpen: () => true })(
      new Request('http://localhost/', {
        method: 'POST',
        headers: { 'x-telegram-bot-api-secret-token': SECRET },
        body: body as string,
      }),
    );

  it('are updates, or 400', async () => {
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.uint8Array(),
      fc.record({ update_id: fc.anything() }).map((value) => JSON.stringify(value) ?? ''),
    );
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        let taken = false;
        const { status } = await post(bytes, async () => {
          taken = true;
        });
        expect(status).toBe(taken ? 200 : 400);
      }),
      { numRuns: 500 },
    );
  });

  it('that cannot be written down are asked for again', async () => {
    const response = await post('{"update_id":1}', () =>
      Promise.reject(new Error('no space left on device')),
    );
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
  });
});

describe('what people write', () => {
  const words = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      '/cartoon',
      '/cartoon@dctoon_test_bot',
      '/style 3d',
      '@dctoon_test_bot',
      '\u202e/start',
      '/',
    ),
  );
  const file = fc.record(
    {
      file_id: fc.string(),
      file_unique_id: fc.string(),
      file_name: fc.oneof(
        words,
        fc.constantFrom('../../x.png', `${'x'.repeat(300)}.jpg`, 'a.\u202egnp', '.png', 'a.'),
      ),
      mime_type: fc.oneof(words, fc.constantFrom('image/png', 'image/', '/', 'IMAGE/HEIC', 'image/svg+xml')),
      file_size: fc.maxSafeInteger(),
    },
    { requiredKeys: ['file_id', 'file_unique_id'] },
  );

  it('captions and file names lead to a picture, a refusal, or nothing', () => {
    fc.assert(
      fc.property(words, file, fc.constantFrom('private', 'supergroup'), (caption, document, type) => {
        const message = {
          message_id: 1,
          date: 1,
          chat: { id: 1, type },
          caption,
          document,
        } as unknown as Message;
        const found = mediaIn(message);
        const intent = intentOf(message, ME);
        if (intent?.kind === 'draw') expect(found).toHaveProperty('photo');
        if (found && 'photo' in found) {
          const { mime_type: mime = '', file_name: name = '' } = document;
          const known = 'jpe?g|jpe|p?jpeg|pjp|jfif|jif|mpo|a?png|vnd\\.mozilla\\.apng|x-png|webp|gif|avifs?';
          const isPicture = new RegExp(`^image/(${known})$`, 'i').test(mime);
          // Where the type says nothing the name counts, and where that says nothing either, the bytes.
          const isSilent = mime === '' || mime === 'application/octet-stream';
          const isNamed = new RegExp(`\\.(${known})$`, 'i').test(name) || !/\.\w+$/.test(name);
          expect(isPicture || (isSilent && isNamed)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('callback data says who may press and what happens, or nothing', () => {
    const near = fc
      .tuple(fc.constantFrom('s', 'd', 'c', 'a', 'x'), fc.string(), fc.string())
      .map((parts) => parts.join(':'));
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (data) => {
        const press = decodeCallbackData(data);
        if (press && 'requester' in press) expect(Number.isSafeInteger(press.requester)).toBe(true);
        if (press && 'job' in press) expect(press.job).toMatch(/^[\w-]{1,60}$/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('updates of every shape', () => {
  let harness: Harness;
  useHarness((own) => {
    harness = own;
  });

  it('leave the bot as it was', async () => {
    const { telegram } = harness;
    await harness.bot();
    const user = telegram.newUser();
    const chat = telegram.dm(user).chat;
    const field = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(user), fc.constant([{}]));
    const message = fc.record(
      {
        message_id: fc.nat(),
        date: fc.nat(),
        from: fc.oneof(fc.constant(user), field),
        text: field,
        caption: field,
        entities: field,
        caption_entities: field,
        photo: field,
        document: field,
        sticker: field,
        video: field,
        reply_to_message: field,
        external_reply: field,
        media_group_id: field,
        message_thread_id: field,
        is_topic_message: field,
      },
      { requiredKeys: ['message_id', 'date', 'from'] },
    );
    const update = fc.oneof(
      message.map((one) => ({ message: { ...one, chat } })),
      fc.record({ message: field }),
      fc.record({
        callback_query: fc.oneof(field, fc.record({ id: fc.string(), from: field, data: field })),
      }),
      fc.dictionary(fc.string(), field, { maxKeys: 2 }),
    );
    for (const one of fc.sample(update, { numRuns: 150, seed: 6 })) telegram.updates.add(one as never);
    const other = telegram.newUser();
    const source = await telegram.send(other, { photo: await picture('after all that') });
    await harness.answerTo(telegram.dm(other), source);
    await until(() => telegram.updates.unconfirmed.length === 0, 'everything to be taken');
    // Nonsense in, nonsense out: what was asked of Telegram on behalf of such updates is not judged.
    telegram.violations.length = 0;
  }, 60_000);
});
