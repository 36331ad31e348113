import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DctoonError } from '../../../src/shared/errors.ts';
import { createTexts } from '../../../src/texts/index.ts';
import { picture, sha256 } from './engine.ts';
import { type Harness, type TestBot, until, useBot } from './harness.ts';

let harness: Harness;
let bot: TestBot;
const en = createTexts('en');

useBot((started) => {
  ({ harness, bot } = started);
});

describe('a photo', () => {
  it('is answered with a cartoon as a reply, with buttons of the other styles and signs of life', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const bytes = await picture('photo');
    bot.engine.hold();
    const source = await telegram.send(user, { photo: bytes });
    await until(() => telegram.callsOf('sendChatAction')[0], 'a chat action');
    expect(telegram.callsOf('sendChatAction')[0]?.payload['action']).toBe('upload_photo');
    await until(() => telegram.reaction(telegram.dm(user), source) === '👀', 'a reaction');
    bot.engine.release();

    const answer = await harness.answerTo(telegram.dm(user), source);
    expect(answer.photo).toBeDefined();
    expect((await sharp(telegram.bytesOf(answer)).metadata()).format).toBe('jpeg');
    expect(telegram.buttons(answer).map((button) => button.text)).toEqual([
      'Anime',
      'Hand-drawn',
      'Sketch',
      'Sticker',
      'Profile picture',
    ]);
    await until(() => telegram.reaction(telegram.dm(user), source) === undefined, 'the reaction to go');
    await until(() => telegram.botMessages(telegram.dm(user)).length === 1, 'the status message to go');
  });

  it('reaches the engine in its largest size', async () => {
    const user = harness.telegram.newUser();
    const bytes = await picture('large', 640, 480);
    const source = await harness.telegram.send(user, { photo: bytes });
    await harness.answerTo(harness.telegram.dm(user), source);
    expect(bot.engine.runs).toEqual([{ style: '3d', photo: sha256(bytes) }]);
  });

  it('without a face says so, the first time only', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    bot.engine.faces = 0;
    const first = await telegram.send(user, { photo: await picture('tree') });
    expect((await harness.answerTo(telegram.dm(user), first)).caption).toBe(en.result.noFace);
    const second = await telegram.send(user, { photo: await picture('house') });
    expect((await harness.answerTo(telegram.dm(user), second)).caption).toBeUndefined();
  });

  it('that became smaller, or whose file is damaged, says so', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    bot.engine.result = { notes: ['smaller', 'damaged'] };
    const source = await telegram.send(user, { photo: await picture('panorama') });
    const { caption } = await harness.answerTo(telegram.dm(user), source);
    expect(caption).toBe(`${en.result.damaged}\n${en.result.smaller({ width: 96, height: 72 })}`);
  });

  it('comes back as a file when Telegram refuses its dimensions, or when it is over 10 MB', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    // The engine reports what the adapter checks beforehand; the loopback looks at the real picture.
    bot.engine.result = { image: await picture('long', 2000, 40), width: 96, height: 72 };
    const long = await telegram.send(user, { photo: await picture('long photo') });
    expect((await harness.answerTo(telegram.dm(user), long)).document).toBeDefined();
    expect(telegram.callsOf('editMessageMedia')[0]?.outcome).toContain('PHOTO_INVALID_DIMENSIONS');

    const noise = Buffer.concat([await picture('big'), Buffer.alloc(10_100_000)]);
    bot.engine.result = { image: noise };
    const big = await telegram.send(user, { photo: await picture('big photo') });
    expect((await harness.answerTo(telegram.dm(user), big)).document?.file_size).toBe(noise.length);
    expect(telegram.callsOf('editMessageMedia')).toHaveLength(3);
  });

  it('that is forwarded counts as the same photo', async () => {
    const { telegram } = harness;
    const [anna, ben] = [telegram.newUser(), telegram.newUser()];
    const source = await telegram.send(anna, { photo: await picture('forwarded') });
    await harness.answerTo(telegram.dm(anna), source);
    const forward = await telegram.send(ben, { forward: source });
    await harness.answerTo(telegram.dm(ben), forward);
    expect(bot.engine.runs).toHaveLength(1);
    expect(telegram.downloads).toHaveLength(1);
  });
});

describe('an image sent as file', () => {
  it('comes back as a file with a name of ours, whatever it was called', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const name = '../"evil";\r\n name.png';
    const document = { bytes: await picture('file', 100, 80, 'png'), name, mime: 'image/png' };
    const source = await telegram.send(user, { document });
    const answer = await harness.answerTo(telegram.dm(user), source);
    expect(answer.document?.file_name).toBe('cartoon-3d.png');
    expect((await sharp(telegram.bytesOf(answer)).metadata()).format).toBe('png');
    const [call] = telegram.callsOf('editMessageMedia');
    expect(call?.payload['media']).toMatchObject({ disable_content_type_detection: true });
    expect(telegram.callsOf('sendChatAction')[0]?.payload['action']).toBe('upload_document');
  });

  it('is recognised by its extension when the sender gives no type', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const source = await telegram.send(user, {
      document: { bytes: await picture('plain'), name: 'IMG_1.JPG' },
    });
    expect((await harness.answerTo(telegram.dm(user), source)).document).toBeDefined();
  });

  it('over 20 MB is refused before any request for it', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const document = { bytes: new Uint8Array(10), name: 'a.png', mime: 'image/png', announced: 25_000_000 };
    const source = await telegram.send(user, { document });
    expect(await harness.textTo(telegram.dm(user), source)).toBe(en.error('too_large'));
    expect(telegram.callsOf('getFile')).toEqual([]);
  });
});

describe('what cannot be drawn', () => {
  it.each([
    ['a video', { video: {} }, en.input.video],
    ['a video note', { videoNote: true }, en.input.video],
    ['an animation', { animation: true }, en.input.animation],
    [
      'an animated sticker',
      { sticker: { bytes: new Uint8Array(4), kind: 'animated' as const } },
      en.input.sticker,
    ],
    ['a video sticker', { sticker: { bytes: new Uint8Array(4), kind: 'video' as const } }, en.input.sticker],
    [
      'a text file',
      { document: { bytes: Buffer.from('hi'), name: 'a.txt', mime: 'text/plain' } },
      en.input.notAPicture,
    ],
    [
      'an SVG',
      { document: { bytes: Buffer.from('<svg/>'), name: 'a.svg', mime: 'image/svg+xml' } },
      en.input.notAPicture,
    ],
    [
      'a HEIC file',
      { document: { bytes: new Uint8Array(4), name: 'a.heic', mime: 'image/heic' } },
      en.error('heic'),
    ],
    ['a text', { text: 'hello?' }, en.input.sendPhoto],
  ])('%s gets a sentence that says what works', async (_, content, sentence) => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const source = await telegram.send(user, content);
    expect(await harness.textTo(telegram.dm(user), source)).toBe(sentence);
    expect(telegram.callsOf('getFile')).toEqual([]);
  });

  it('a static sticker and the cover of a video can', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const sticker = await telegram.send(user, {
      sticker: { bytes: await picture('sticker', 64, 64, 'webp') },
    });
    // As a file: a photo has no transparency.
    expect((await harness.answerTo(telegram.dm(user), sticker)).document).toBeDefined();
    const video = await telegram.send(user, { video: { cover: await picture('cover') } });
    expect((await harness.answerTo(telegram.dm(user), video)).photo).toBeDefined();
  });

  it('a photo that breaks is answered with its error; ours can be tried again in place', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const room = telegram.dm(user);
    bot.engine.error = new DctoonError('broken_image');
    const broken = await telegram.send(user, { photo: await picture('broken') });
    expect(await harness.textTo(room, broken)).toBe(en.error('broken_image'));

    bot.engine.error = new DctoonError('timeout');
    const slow = await telegram.send(user, { photo: await picture('slow') });
    expect(await harness.textTo(room, slow)).toBe(en.error('timeout'));
    const failure = telegram.botMessages(room).at(-1);
    if (!failure) throw new Error('no failure message');
    bot.engine.error = undefined;
    telegram.press(user, room, failure, en.buttons.again);
    const answer = await harness.answerTo(room, slow);
    expect(answer.message_id).toBe(failure.message_id);
  });
});

describe('an album', () => {
  it('of ten gets an answer to every part, with the style of its caption, under one status message', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const room = telegram.dm(user);
    bot.engine.hold();
    const photos = await Promise.all([...'abcdefghij'].map(async (seed) => ({ photo: await picture(seed) })));
    const parts = await telegram.sendAlbum(user, photos, room, { caption: '/cartoon anime' });
    await until(() => telegram.callsOf('sendMessage')[0], 'a status message');
    await harness.quiet(1000);
    bot.engine.release();

    for (const part of parts) await harness.answerTo(room, part);
    await until(() => telegram.botMessages(room).length === 10, 'the status message to go');
    const words = telegram.callsOf('sendMessage').filter((call) => call.payload['text'] !== '🎨');
    expect(words).toHaveLength(1);
    expect(bot.engine.runs.map((run) => run.style)).toEqual(Array(10).fill('anime'));
    expect(bot.engine.mostRunning).toBe(2);
  });
});

it('/forget deletes style and waiting photos, and says so', async () => {
  const { telegram } = harness;
  const user = telegram.newUser();
  await harness.textTo(telegram.dm(user), await telegram.send(user, { text: '/style anime' }));
  bot.engine.hold();
  await telegram.send(user, { photo: await picture('forget me'), caption: 'holiday in Rome' });
  await until(() => bot.engine.running === 1, 'the photo to be drawn');
  const inboxText = () => readFile(join(bot.dataDir, 'telegram', 'inbox', '0.jsonl'), 'utf8');
  expect(await inboxText()).toContain('holiday in Rome');
  const command = await telegram.send(user, { text: '/forget' });
  const done = (hasStyle: boolean, photos: number) => en.forget.done({ hasStyle, hints: 0, photos });
  expect(await harness.textTo(telegram.dm(user), command)).toBe(done(true, 1));
  // Not within a minute, as what was dealt with leaves the file otherwise.
  await expect.poll(inboxText, { timeout: 10_000 }).not.toContain('holiday in Rome');
  await expect.poll(inboxText, { timeout: 10_000 }).not.toContain('/style anime');
  bot.engine.release();
  const again = await telegram.send(user, { text: '/forget' });
  expect(await harness.textTo(telegram.dm(user), again)).toBe(done(false, 0));
  await until(() => bot.queue.counts().delivering === 0, 'the queue to be empty');
  expect(telegram.botMessages(telegram.dm(user)).filter((message) => message.photo)).toEqual([]);
});
