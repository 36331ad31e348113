import type { Message, User } from 'grammy/types';
import { describe, expect, it } from 'vitest';
import { createTexts } from '../../../src/texts/index.ts';
import type { Room } from '../../support/loopback-telegram/index.ts';
import { picture } from './engine.ts';
import { type Harness, type TestBot, until, useBot } from './harness.ts';

let harness: Harness;
let bot: TestBot;
let user: User;
let room: Room;
const en = createTexts('en');

useBot((started) => {
  ({ harness, bot, user, room } = started);
});

const now = (message: Message) => harness.telegram.world.current(room, message.message_id) ?? message;
const labels = (message: Message) => harness.telegram.buttons(now(message)).map((button) => button.text);

/** A photo and its first cartoon. */
async function drawn(seed: string): Promise<{ source: Message; answer: Message }> {
  const source = await harness.telegram.send(user, { photo: await picture(seed) });
  return { source, answer: await harness.answerTo(room, source) };
}

describe('the buttons under a cartoon', () => {
  it('replace it in place; a style seen before comes from the cache', async () => {
    const { telegram } = harness;
    const { answer } = await drawn('in place');
    const press = telegram.press(user, room, answer, 'Anime');
    await until(() => labels(answer).includes('3D'), 'the anime cartoon');
    expect(telegram.callbackAnswer(press)).toEqual({ callback_query_id: press });
    expect(labels(answer)).toEqual(['3D', 'Hand-drawn', 'Sketch', 'Sticker', 'Profile picture']);
    expect(telegram.pictures(room)).toHaveLength(1);
    // The button was answered before anything else was done.
    const order = telegram.calls.map((call) => call.method);
    expect(order.indexOf('answerCallbackQuery')).toBeLessThan(order.lastIndexOf('editMessageMedia'));

    const uploads = telegram.calls.filter((call) => call.files.length > 0).length;
    telegram.press(user, room, answer, '3D');
    await until(() => labels(answer).includes('Anime'), 'the first cartoon again');
    telegram.press(user, room, answer, 'Anime');
    await until(() => labels(answer).includes('3D'), 'anime again');
    expect(telegram.calls.filter((call) => call.files.length > 0)).toHaveLength(uploads);
    expect(bot.engine.runs.map((run) => run.style)).toEqual(['3d', 'anime']);
  });

  it('work although the press is too old to be answered', async () => {
    const { telegram } = harness;
    const { answer } = await drawn('old press');
    telegram.callbackLifeMs = -1;
    telegram.press(user, room, answer, 'Sketch');
    await until(() => labels(answer).includes('3D'), 'the sketch');
    expect(telegram.callsOf('answerCallbackQuery')[0]?.outcome).toContain('query is too old');
  });

  it('say so when the photo was deleted', async () => {
    const { telegram } = harness;
    const { source, answer } = await drawn('deleted');
    telegram.delete(room, source);
    const press = telegram.press(user, room, answer, 'Anime');
    await until(() => telegram.callbackAnswer(press), 'an alert');
    expect(telegram.callbackAnswer(press)).toMatchObject({ text: en.input.sourceGone, show_alert: true });
  });

  it('send a new message when the cartoon was deleted meanwhile', async () => {
    const { telegram } = harness;
    const { source, answer } = await drawn('result deleted');
    bot.engine.hold();
    telegram.press(user, room, answer, 'Anime');
    await until(() => bot.engine.running === 1, 'the run');
    telegram.delete(room, answer);
    bot.engine.release();
    const fresh = await harness.answerTo(room, source);
    expect(fresh.message_id).not.toBe(answer.message_id);
  });

  it('survive a double press and follow the last one', async () => {
    const { telegram } = harness;
    const { answer } = await drawn('double');
    bot.engine.hold();
    telegram.press(user, room, answer, 'Anime');
    telegram.press(user, room, answer, 'Anime');
    await until(() => telegram.callsOf('answerCallbackQuery').length === 2, 'both answers');
    telegram.press(user, room, answer, 'Sketch');
    await until(() => bot.engine.runs.some((run) => run.style === 'sketch'), 'the sketch run');
    bot.engine.release();
    await until(() => labels(answer).includes('Anime') && !labels(answer).includes('Sketch'), 'the sketch');
    await harness.quiet();
    expect(labels(answer)).toEqual(['3D', 'Anime', 'Hand-drawn', 'Sticker', 'Profile picture']);
    expect(bot.engine.runs.map((run) => run.style)).toEqual(['3d', 'anime', 'sketch']);
  });

  it('keep a file a file', async () => {
    const { telegram } = harness;
    const document = { bytes: await picture('file', 50, 50, 'png'), name: 'a.png', mime: 'image/png' };
    const source = await telegram.send(user, { document });
    const answer = await harness.answerTo(room, source);
    telegram.press(user, room, answer, 'Anime');
    await until(() => labels(answer).includes('3D'), 'anime');
    expect(now(answer).document?.file_name).toBe('cartoon-anime.png');
  });

  it('of somebody else are not to be pressed in a group', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const stranger = telegram.newUser({ language_code: 'de' });
    const source = await telegram.send(user, { photo: await picture('mine'), caption: '/cartoon' }, group);
    const answer = await harness.answerTo(group, source);
    const press = telegram.press(stranger, group, answer, 'Anime');
    await until(() => telegram.callbackAnswer(press), 'an alert');
    expect(telegram.callbackAnswer(press)?.text).toBe(createTexts('de').cancel.onlyRequester);
    expect(bot.engine.runs).toHaveLength(1);
  });

  it('with forged data do no harm', async () => {
    const { telegram } = harness;
    const { answer } = await drawn('forged');
    for (const data of [
      's:1:nope',
      's:zzzzzzzzzzzz:3d',
      'x',
      'c:0:../../etc',
      `a:${user.id.toString(36)}:1`,
      's::',
    ]) {
      const press = telegram.press(user, room, answer, data);
      await until(() => telegram.callbackAnswer(press), `an answer to ${data}`);
    }
    expect(bot.engine.runs).toHaveLength(1);
    expect(bot.log.filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});

describe('the cache', () => {
  it('knows the same bytes in another upload', async () => {
    const { telegram } = harness;
    await drawn('twice');
    const again = await telegram.send(user, { photo: await picture('twice') });
    await harness.answerTo(room, again);
    expect(bot.engine.runs).toHaveLength(1);
    expect(telegram.downloads).toHaveLength(2);
    // From then on by its id, without a download.
    const forward = await telegram.send(user, { forward: again });
    await harness.answerTo(room, forward);
    expect(telegram.downloads).toHaveLength(2);
  });

  it('outlives a restart, and a cartoon that Telegram has lost is drawn anew', async () => {
    const { telegram } = harness;
    const { source, answer } = await drawn('restart');
    await bot.stop();
    const second = await harness.bot({ dataDir: bot.dataDir });
    const forward = await telegram.send(user, { forward: source });
    await harness.answerTo(room, forward);
    expect(second.engine.runs).toHaveLength(0);

    const file = telegram.files.get(answer.photo?.at(-1)?.file_id ?? '');
    if (!file) throw new Error('no file');
    file.gone = true;
    const third = await telegram.send(user, { forward: source });
    await harness.answerTo(room, third);
    expect(second.engine.runs).toHaveLength(1);
  });
});

describe('/sticker and /avatar', () => {
  it('cut the cartoon of that photo, by caption and by reply; another cut is another cartoon', async () => {
    const { telegram } = harness;
    const photo = await picture('cut');
    const captioned = await telegram.send(user, { photo, caption: '/sticker anime' });
    expect((await harness.answerTo(room, captioned)).document).toBeDefined();
    const source = await telegram.send(user, { photo });
    await harness.answerTo(room, source);
    await telegram.send(user, { text: '/avatar' }, room, { replyTo: source });
    await until(() => bot.engine.runs.length === 3, 'the avatar');
    expect(bot.engine.runs.map(({ style, as }) => [style, as])).toEqual([
      ['anime', 'sticker'],
      ['3d', undefined],
      ['3d', 'avatar'],
    ]);
    const alone = await telegram.send(user, { text: '/sticker' });
    expect(await harness.textTo(room, alone)).toBe(en.input.replyWithCommand);
  });
});

describe('/strength', () => {
  it('is remembered, says what it is, and another strength is another cartoon of the same photo', async () => {
    const { telegram } = harness;
    const say = async (text: string) => harness.textTo(room, await telegram.send(user, { text }));
    const photo = await picture('strong');
    await harness.answerTo(room, await telegram.send(user, { photo }));
    expect(await say('/strength')).toBe(en.strength.pick({ percent: 100 }));
    expect(await say('/strength 60%')).toBe(en.strength.set({ percent: 60 }));
    expect(await say('/strength')).toBe(en.strength.pick({ percent: 60 }));
    for (const wrong of ['151', '-3', 'much', '1e1']) {
      expect(await say(`/strength ${wrong}`)).toBe(en.strength.wrong);
    }
    await harness.answerTo(room, await telegram.send(user, { photo }));
    // The third time it is one that was made before.
    await harness.answerTo(room, await telegram.send(user, { photo }));
    expect(bot.engine.runs.map(({ strength }) => strength)).toEqual([undefined, 60]);
  });
});

describe('/style', () => {
  it('sets the style of a person by button, for later photos', async () => {
    const { telegram } = harness;
    const command = await telegram.send(user, { text: '/style' });
    const list = '• 3D: 3D look\n• Anime: Anime look\n• Hand-drawn: Hand-drawn look\n• Sketch: Sketch look';
    expect(await harness.textTo(room, command)).toBe(`${en.style.pick({ current: '3D' })}\n\n${list}`);
    const [menu] = telegram.botMessages(room);
    if (!menu) throw new Error('no menu');
    expect(labels(menu)).toEqual(['✓ 3D', 'Anime', 'Hand-drawn', 'Sketch']);
    const press = telegram.press(user, room, menu, 'Hand-drawn');
    await until(() => labels(menu).includes('✓ Hand-drawn'), 'the mark');
    expect(telegram.callbackAnswer(press)?.text).toBe(en.style.set({ style: 'Hand-drawn' }));
    await drawn('hand');
    expect(bot.engine.runs[0]?.style).toBe('handdrawn');
    // The same button again changes nothing, and Telegram says so.
    telegram.press(user, room, menu, 'Hand-drawn');
    await until(
      () => telegram.callsOf('editMessageText').at(-1)?.outcome?.includes('not modified'),
      'a refusal',
    );
    await drawn('hand 2');
  });

  it('takes a name, in any language of the manifest, and knows when there is none such', async () => {
    const { telegram } = harness;
    const named = await telegram.send(user, { text: '/style ANIME (de)' });
    expect(await harness.textTo(room, named)).toBe(en.style.set({ style: 'Anime' }));
    const wrong = await telegram.send(user, { text: '/style oil' });
    expect(await harness.textTo(room, wrong)).toContain(en.error('unknown_style'));
  });

  it('describes the styles in the language of the person', async () => {
    const { telegram } = harness;
    const german = telegram.newUser({ language_code: 'de' });
    const asked = await telegram.send(german, { text: '/style' });
    const answer = await harness.textTo(telegram.dm(german), asked);
    expect(answer).toContain(createTexts('de').style.pick({ current: '3D (de)' }));
    expect(answer).toContain('• Hand-drawn (de): Wie Hand-drawn');
  });

  it('in a caption counts for that photo only; a slip of the pen is answered with the list', async () => {
    const { telegram } = harness;
    const anime = await telegram.send(user, { photo: await picture('cap'), caption: '/cartoon anime' });
    await harness.answerTo(room, anime);
    await drawn('plain');
    expect(bot.engine.runs.map((run) => run.style)).toEqual(['anime', '3d']);
    const slip = await telegram.send(user, { photo: await picture('slip'), caption: '/cartoon anmie' });
    expect(await harness.textTo(room, slip)).toBe(en.error('unknown_style'));
    const chat = await telegram.send(user, {
      photo: await picture('chat'),
      caption: '/cartoon of my dear aunt',
    });
    await harness.answerTo(room, chat);
  });
});

describe('commands', () => {
  it('answer in the language of the person', async () => {
    const { telegram } = harness;
    for (const [code, locale] of [
      ['en-US', 'en'],
      ['zh-hans', 'zh'],
      ['es', 'es'],
      ['pt', 'pt-BR'],
      ['ru', 'ru'],
      ['de', 'de'],
      ['uk', 'uk'],
      ['tlh', 'en'],
    ] as const) {
      const speaker = telegram.newUser({ language_code: code });
      const texts = createTexts(locale);
      for (const [command, text] of [
        ['/start', texts.start.telegram],
        ['/help', texts.help.telegram],
        ['/privacy', `${texts.privacy({ keepMinutes: 15 })}\n${texts.forget.byCommand}`],
      ] as const) {
        const message = await telegram.send(speaker, { text: command });
        expect(await harness.textTo(telegram.dm(speaker), message)).toBe(text);
      }
    }
  });

  it('/help and /privacy name the page that draws on the device, where there is one', async () => {
    const { telegram } = harness;
    await bot.stop();
    const onDeviceUrl = 'https://toon.example.org/?local';
    await harness.bot({ onDeviceUrl });
    for (const command of ['/help', '/privacy']) {
      const asked = await telegram.send(user, { text: command });
      expect(await harness.textTo(room, asked)).toContain(`\n${en.help.onDevice({ url: onDeviceUrl })}`);
    }
  });

  it('/stats is for the operator, in private', async () => {
    const { telegram } = harness;
    const admin = telegram.newUser();
    await bot.stop();
    await harness.bot({ config: { TELEGRAM_ADMIN_IDS: [String(admin.id)] } });
    const asked = await telegram.send(admin, { text: '/stats' });
    expect(await harness.textTo(telegram.dm(admin), asked)).toContain('Answered: 7');
    const other = await telegram.send(user, { text: '/stats' });
    expect(await harness.textTo(room, other)).toBe(en.stats.denied);
  });

  it('/cartoon without a picture explains itself', async () => {
    const message = await harness.telegram.send(user, { text: '/cartoon' });
    expect(await harness.textTo(room, message)).toBe(en.input.replyWithCommand);
  });
});
