/** The loopback itself: it refuses what Telegram refuses, and names breaches of the specification. */
import { Api, GrammyError, InputFile } from 'grammy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoopbackTelegram } from '../../support/loopback-telegram/index.ts';
import { loadSpec } from '../../support/loopback-telegram/spec.ts';
import { picture } from './engine.ts';

let telegram: LoopbackTelegram;
let api: Api;

beforeEach(async () => {
  telegram = await LoopbackTelegram.start();
  api = new Api(telegram.token, { apiRoot: telegram.root });
});

afterEach(() => telegram.close());

async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof GrammyError ? `${error.error_code} ${error.description}` : 'no refusal';
}

describe('the loopback refuses', () => {
  it('what Telegram refuses', async () => {
    const { id } = telegram.newUser();
    const photo = (bytes: Uint8Array) => api.sendPhoto(id, new InputFile(bytes, 'a.jpg'));
    expect(await refusal(photo(Buffer.from('no picture')))).toContain('IMAGE_PROCESS_FAILED');
    expect(await refusal(photo(await picture('long', 2100, 100)))).toContain('PHOTO_INVALID_DIMENSIONS');
    expect(await refusal(photo(Buffer.alloc(11_000_000)))).toContain('too big');
    expect(await refusal(api.sendMessage(1, 'x'))).toContain('chat not found');
    expect(await refusal(api.sendMessage(id, ''))).toContain('text is empty');
    expect(await refusal(api.sendMessage(id, 'x', { message_thread_id: 5 }))).toContain('thread not found');
    expect(await refusal(api.sendMessage(id, 'x', { reply_parameters: { message_id: 9 } }))).toContain(
      'replied',
    );
    const sent = await photo(await picture('fine'));
    const fileId = sent.photo?.at(-1)?.file_id ?? '';
    expect(await refusal(api.sendDocument(id, fileId))).toContain("can't use file of type photo");
    const text = await api.sendMessage(id, 'x');
    expect(await refusal(api.editMessageText(id, text.message_id, 'x'))).toContain('not modified');
    expect(await refusal(api.answerCallbackQuery('1'))).toContain('query is too old');
    const keyboard = { inline_keyboard: [[{ text: 'x', callback_data: 'ж'.repeat(33) }]] };
    expect(await refusal(api.sendMessage(id, 'x', { reply_markup: keyboard }))).toContain(
      'BUTTON_DATA_INVALID',
    );
  });

  it('an edit without a keyboard removes the one that was there', async () => {
    const { id } = telegram.newUser();
    const reply_markup = { inline_keyboard: [[{ text: 'x', callback_data: 'x' }]] };
    const text = await api.sendMessage(id, 'x', { reply_markup });
    const edited = await api.editMessageText(id, text.message_id, 'y');
    expect(edited).not.toHaveProperty('reply_markup');
  });

  it('a second poller, a poller beside a webhook; and confirms by offset', async () => {
    const user = telegram.newUser();
    const waiting = refusal(api.getUpdates({ timeout: 5 }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = api.getUpdates({ timeout: 5 });
    expect(await waiting).toContain('409 Conflict: terminated by other getUpdates');
    await telegram.send(user, { text: 'a' });
    const [first] = await second;
    expect(first?.message?.text).toBe('a');
    expect(await api.getUpdates()).toHaveLength(1);
    expect(await api.getUpdates({ offset: (first?.update_id ?? 0) + 1 })).toHaveLength(0);
    await api.setWebhook('http://127.0.0.1:1/');
    expect(await refusal(api.getUpdates())).toContain('webhook is active');
  });

  it('groups in privacy mode show what concerns the bot only', async () => {
    const user = telegram.newUser();
    const group = telegram.newGroup();
    await telegram.send(user, { text: 'hi' }, group);
    await telegram.send(user, { text: `hi @${telegram.world.bot.username}` }, group);
    await telegram.send(user, { text: '/x@other_bot' }, group);
    expect((await api.getUpdates()).map((update) => update.message?.text)).toEqual([
      `hi @${telegram.world.bot.username}`,
    ]);
  });
});

// Without the specification file there is nothing to check; the suite above still holds.
describe.runIf(loadSpec())(
  'the validator (runs where ../shared/specs/telegram-bot-api.json is present)',
  () => {
    it('names planted mistakes', async () => {
      const { id } = telegram.newUser();
      const raw = api.raw as unknown as Record<string, (payload: object) => Promise<unknown>>;
      const attempts: [string, object, RegExp][] = [
        ['sendMessage', { chat_id: id, text: 'x', tekst: 'y' }, /unknown field tekst/],
        ['sendMessage', { chat_id: id }, /sendMessage\.text: missing/],
        ['sendMessage', { chat_id: id, text: 5 }, /expected a string/],
        ['sendPicture', { chat_id: id }, /unknown method/],
        ['sendChatAction', { chat_id: id, action: 'painting' }, /no chat action/],
        [
          'setMessageReaction',
          { chat_id: id, message_id: 1, reaction: [{ type: 'emoji', emoji: '🖌' }] },
          /no reaction/,
        ],
        ['sendPhoto', { chat_id: id, photo: 'attach://nothing' }, /no multipart part/],
        ['setMyCommands', { commands: [{ command: 'UP', description: 'x' }] }, /not a command name/],
        ['setMyCommands', { commands: [{ command: 'up', description: '' }] }, /0 characters/],
        ['setMyDescription', { language_code: 'pt-BR' }, /ISO 639-1/],
        [
          'sendMessage',
          { chat_id: id, text: 'x', reply_markup: { inline_keyboard: [[{ text: 'x' }]] } },
          /exactly one action/,
        ],
      ];
      for (const [method, payload, expected] of attempts) {
        telegram.violations.length = 0;
        await raw[method]?.(payload).catch(() => {});
        expect(telegram.violations.join('\n'), method).toMatch(expected);
      }
    });
  },
);
