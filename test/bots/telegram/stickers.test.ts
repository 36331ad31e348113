/** Stickers and profile pictures on Telegram: the buttons under a cartoon, and people's own sticker sets. */
import { randomBytes } from 'node:crypto';
import type { Message, User } from 'grammy/types';
import sharp from 'sharp';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cartoonizer } from '../../../src/inference/cartoonizer.ts';
import { createTexts } from '../../../src/texts/index.ts';
import type { Room } from '../../support/loopback-telegram/index.ts';
import { MODELS_DIR } from '../../support/models.ts';
import { person } from '../../support/people.ts';
import { astronaut } from '../../support/photos.ts';
import { picture } from './engine.ts';
import { Harness, type TestBot, until } from './harness.ts';

const en = createTexts('en');
let harness: Harness;
let bot: TestBot;
let user: User;
let room: Room;

beforeEach(async () => {
  harness = await Harness.start();
  user = harness.telegram.newUser();
  room = harness.telegram.dm(user);
});

afterEach(async () => {
  await harness.close();
  expect(harness.telegram.violations).toEqual([]);
});

/** A bot whose stickers are as Telegram wants them, each another one. */
async function start(): Promise<void> {
  bot = await harness.bot();
  bot.engine.result = { image: await noise(), format: 'webp', width: 512, height: 512 };
}

const noise = () =>
  sharp(randomBytes(16 * 16 * 3), { raw: { width: 16, height: 16, channels: 3 } })
    .resize(512, 512)
    .webp()
    .toBuffer();

/** A new sticker of the bot. */
async function sticker(from = user, where = room): Promise<Message> {
  const source = await harness.telegram.send(
    from,
    { photo: await picture(`${Math.random()}`), caption: '/sticker' },
    where,
  );
  return await harness.answerTo(where, source);
}

const labels = (message: Message) => harness.telegram.buttons(message).map(({ text }) => text);
/** Sentences that the bot wrote. */
const sentences = (where = room) =>
  harness.telegram.botMessages(where).flatMap(({ text }) => (text && text !== '🎨' ? [text] : []));
const setOf = (number = 1, owner = user) =>
  harness.telegram.stickerSets.get(`c${number}_${owner.id.toString(36)}_by_dctoon_test_bot`);
const linkOf = (number = 1) =>
  `https://t.me/addstickers/c${number}_${user.id.toString(36)}_by_dctoon_test_bot`;

/** Presses "Add to my stickers"; the answer to it. */
async function addTo(message: Message, from = user, where = room): Promise<Message> {
  const before = Math.max(0, ...harness.telegram.botMessages(where).map(({ message_id }) => message_id));
  harness.telegram.press(from, where, message, en.stickers.add);
  return await until(() => {
    const later = harness.telegram.botMessages(where).filter(({ message_id }) => message_id > before);
    return later.find(({ text }) => text?.startsWith('Added'));
  }, 'an answer to the press');
}

/** The alert or toast that a press brought. */
async function pressed(message: Message, label: string, from = user, where = room) {
  const id = harness.telegram.press(from, where, message, label);
  return await until(() => harness.telegram.callbackAnswer(id), 'an answer to the press');
}

describe('the buttons under a cartoon', () => {
  it('make a sticker and a profile picture of the same photo, each in a message of its own', async () => {
    await start();
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await picture('one'), caption: '/cartoon anime' });
    const cartoon = await harness.answerTo(room, source);
    expect(labels(cartoon)).toEqual(['3D', 'Hand-drawn', 'Sketch', 'Sticker', 'Profile picture']);
    telegram.press(user, room, cartoon, 'Sticker');
    telegram.press(user, room, cartoon, 'Profile picture');
    await until(() => telegram.pictures(room, source).length === 3, 'three pictures');
    expect(bot.engine.runs.map(({ style, as }) => [style, as]).sort()).toEqual([
      ['anime', undefined],
      ['anime', 'avatar'],
      ['anime', 'sticker'],
    ]);
    const made = telegram.pictures(room, source).find((message) => labels(message).includes(en.stickers.add));
    expect(made?.document).toBeDefined();
    // Another style of a sticker is a sticker, in its place.
    telegram.press(user, room, made as Message, 'Sketch');
    await until(() => bot.engine.runs.length === 4, 'another style');
    expect(bot.engine.runs.at(-1)).toMatchObject({ style: 'sketch', as: 'sticker' });
    await harness.quiet(300);
    expect(telegram.pictures(room, source)).toHaveLength(3);
  });

  it('are for whoever asked', async () => {
    await start();
    const { telegram } = harness;
    const group = telegram.newGroup();
    const source = await telegram.send(user, { photo: await picture('g'), caption: '/sticker' }, group);
    const made = await harness.answerTo(group, source);
    const other = telegram.newUser();
    await telegram.send(other, { text: '/start' });
    expect(await pressed(made, en.stickers.add, other, group)).toMatchObject({
      text: en.cancel.onlyRequester,
    });
    expect(telegram.stickerSets.size).toBe(0);
  });
});

describe("a set of one's own", () => {
  beforeEach(start);

  it('is made with the first sticker and extended with the next; the answer links to it', async () => {
    const answer = await addTo(await sticker());
    expect(answer.text).toBe(en.stickers.added({ link: linkOf() }));
    expect(setOf()).toMatchObject({ owner: user.id, title: `${user.first_name} · @dctoon_test_bot` });
    bot.engine.result = { ...bot.engine.result, image: await noise() };
    await addTo(await sticker());
    expect(setOf()?.stickers.map(({ emoji }) => emoji)).toEqual(['🙂', '🙂']);
    expect(harness.telegram.callsOf('createNewStickerSet')).toHaveLength(1);
  });

  it('takes one sticker once, however often the button is pressed', async () => {
    const made = await sticker();
    await addTo(made);
    expect(await pressed(made, en.stickers.add)).toMatchObject({ text: en.stickers.already });
    expect(setOf()?.stickers).toHaveLength(1);
  });

  it('lets its person choose the emoji, and remove a sticker', async () => {
    const answer = await addTo(await sticker());
    expect(await pressed(answer, '😎')).toMatchObject({ text: en.stickers.emojiSet({ emoji: '😎' }) });
    expect(setOf()?.stickers[0]?.emoji).toBe('😎');
    expect(await pressed(answer, en.stickers.remove)).toMatchObject({ text: en.stickers.removed });
    expect(setOf()?.stickers).toEqual([]);
    await until(() => sentences().includes(en.stickers.removed), 'the sentence');
    // An old button of what is gone.
    const unique = answer.reply_markup?.inline_keyboard[0]?.[0];
    const data = unique && 'callback_data' in unique ? unique.callback_data : '';
    expect(await pressed(answer, data)).toMatchObject({ text: en.stickers.gone, show_alert: true });
  });

  it("is offered for change when one of its stickers comes in; anybody else's sticker is drawn", async () => {
    await addTo(await sticker());
    const { telegram } = harness;
    const [mine] = setOf()?.stickers ?? [];
    const sent = { bytes: await noise(), set: setOf()?.name ?? '', unique: mine?.file_unique_id ?? '' };
    const source = await telegram.send(user, { sticker: sent });
    expect(await harness.textTo(room, source)).toBe(en.stickers.yours);
    const offer = telegram.botMessages(room).at(-1) as Message;
    expect(await pressed(offer, en.stickers.remove)).toMatchObject({ text: en.stickers.removed });
    const other = telegram.newUser();
    const foreign = await telegram.send(other, { sticker: sent });
    expect((await harness.answerTo(telegram.dm(other), foreign)).document).toBeDefined();
  });

  it('is followed by a second one when it is full, also when it fills up meanwhile', async () => {
    const first = await addTo(await sticker());
    expect(first.text).toContain('/c1_');
    const full = Array.from({ length: 120 }, (_, i) => ({
      file_id: `f${i}`,
      file_unique_id: `u${i}`,
      emoji: '🙂',
      bytes: new Uint8Array([i]),
    }));
    setOf()?.stickers.splice(0, 1, ...full);
    const second = await addTo(await sticker());
    expect(second.text).toBe(en.stickers.added({ link: linkOf(2) }));
    harness.telegram.fault({
      method: 'addStickerToSet',
      error: { code: 400, description: 'Bad Request: STICKERS_TOO_MUCH' },
    });
    bot.engine.result = { ...bot.engine.result, image: await noise() };
    expect((await addTo(await sticker())).text).toBe(en.stickers.added({ link: linkOf(3) }));
  });

  it('is made anew when it was deleted, under another name where that stays taken', async () => {
    await addTo(await sticker());
    harness.telegram.stickerSets.clear();
    expect((await addTo(await sticker())).text).toBe(en.stickers.added({ link: linkOf(1) }));
    const [name = ''] = harness.telegram.stickerSets.keys();
    harness.telegram.stickerSets.clear();
    harness.telegram.takenNames.add(name);
    expect((await addTo(await sticker())).text).toBe(en.stickers.added({ link: linkOf(2) }));
  });

  it('that vanishes between a look and the addition costs no sticker', async () => {
    await addTo(await sticker());
    harness.telegram.fault({
      method: 'addStickerToSet',
      error: { code: 400, description: 'Bad Request: STICKERSET_INVALID' },
    });
    // Its name is still taken, so the sticker is in the next one.
    expect((await addTo(await sticker())).text).toBe(en.stickers.added({ link: linkOf(2) }));
    expect([setOf(1)?.stickers.length, setOf(2)?.stickers.length]).toEqual([1, 1]);
  });

  it('cannot be made for who has never started the bot: a sentence says what to do', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const stranger = telegram.newUser();
    const made = await sticker(stranger, group);
    const text = en.stickers.startFirst({ bot: 'dctoon_test_bot' });
    expect(await pressed(made, en.stickers.add, stranger, group)).toMatchObject({ text, show_alert: true });
    // Afterwards the same button works.
    await telegram.send(stranger, { text: '/start' });
    await until(() => telegram.botMessages(telegram.dm(stranger)).length > 0, 'hello');
    await addTo(made, stranger, group);
    expect(setOf(1, stranger)?.stickers).toHaveLength(1);
  });

  it('says so when Telegram takes no sticker, and the button works again later', async () => {
    const made = await sticker();
    harness.telegram.fault({
      method: 'createNewStickerSet',
      error: { code: 400, description: 'Bad Request: STICKERSETS_TOO_MUCH' },
    });
    expect(await pressed(made, en.stickers.add)).toMatchObject({
      text: en.stickers.failed,
      show_alert: true,
    });
    await addTo(made);
    expect(setOf()?.stickers).toHaveLength(1);
  });

  it('429 is waited out', async () => {
    const made = await sticker();
    harness.telegram.fault({
      method: 'createNewStickerSet',
      error: { code: 429, description: 'Too Many Requests: retry after 1', retryAfter: 1 },
    });
    await addTo(made);
    expect(setOf()?.stickers).toHaveLength(1);
  });
});

describe('by the real networks', { timeout: 60_000 }, () => {
  let cartoonizer: Cartoonizer | undefined;
  afterAll(() => cartoonizer?.close());

  it('a photo becomes a sticker that Telegram takes into a set, an avatar, and a sticker keeps its transparency', async () => {
    cartoonizer = await Cartoonizer.create({ modelsDir: MODELS_DIR });
    await harness.bot({ engine: cartoonizer });
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await astronaut(), caption: '/sticker' });
    const made = await harness.answerTo(room, source);
    const { width = 0, height = 0, hasAlpha, format } = await sharp(telegram.bytesOf(made)).metadata();
    expect([Math.max(width, height), hasAlpha, format]).toEqual([512, true, 'webp']);
    await addTo(made);
    expect(setOf()?.stickers).toHaveLength(1);

    const face = await telegram.send(user, { photo: await astronaut(), caption: '/avatar' });
    const avatar = await sharp(telegram.bytesOf(await harness.answerTo(room, face))).metadata();
    expect([avatar.width, avatar.height]).toEqual([1024, 1024]);

    const cutOut = await telegram.send(user, { sticker: { bytes: await person('grace-hopper') } });
    const kept = sharp(telegram.bytesOf(await harness.answerTo(room, cutOut)));
    const { data, info } = await kept.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    const alpha = (x: number, y: number) => data[4 * (y * info.width + x) + 3];
    expect([info.width, info.height, alpha(5, 5), alpha(256, 450)]).toEqual([512, 600, 0, 255]);
  });
});
