/**
 * Every field of a message that can hold a picture: taken, or why not. docs/telegram.md has the same table; the specification of the
 * Bot API, where it is at hand, says whether one is missing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Message } from 'grammy/types';
import { describe, expect, it } from 'vitest';
import { mediaIn } from '../../../src/bots/telegram/incoming/media.ts';
import { createTexts } from '../../../src/texts/index.ts';
import { picture, sha256 } from './engine.ts';
import { type Harness, type TestBot, until, useBot } from './harness.ts';

let harness: Harness;
let bot: TestBot;
const en = createTexts('en');

useBot((started) => {
  ({ harness, bot } = started);
});

/** Everything handled; nothing is on its way. */
async function quiet(): Promise<void> {
  await until(() => harness.telegram.updates.unconfirmed.length === 0, 'updates to be handled');
  await until(() => bot.engine.running === 0, 'the engine to be idle');
}

describe('a photo behind a spoiler', () => {
  it('comes back behind one, also in another style; what was in the open stays so', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const source = await telegram.send(user, { photo: await picture('secret'), spoiler: true });
    const answer = await harness.answerTo(telegram.dm(user), source);
    expect(answer.has_media_spoiler).toBe(true);
    const button = telegram.buttons(answer)[0];
    telegram.press(user, telegram.dm(user), answer, button?.data ?? '');
    await until(() => bot.engine.runs.length === 2, 'another style');
    await until(() => {
      const now = telegram.dm(user).messages.get(answer.message_id);
      return now?.edit_date !== answer.edit_date || now?.photo?.[0]?.file_id !== answer.photo?.[0]?.file_id;
    }, 'the other style');
    expect(telegram.dm(user).messages.get(answer.message_id)?.has_media_spoiler).toBe(true);
    const open = await telegram.send(user, { photo: await picture('open') });
    expect((await harness.answerTo(telegram.dm(user), open)).has_media_spoiler).toBeUndefined();
  });
});

describe('protected content', () => {
  it('gives a protected cartoon', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const source = await telegram.send(user, { photo: await picture('mine'), isProtected: true });
    expect((await harness.answerTo(telegram.dm(user), source)).has_protected_content).toBe(true);
    const other = await telegram.send(user, { photo: await picture('ours') });
    expect((await harness.answerTo(telegram.dm(user), other)).has_protected_content).toBeUndefined();
  });
});

describe('a file that neither name nor type describe', () => {
  it.each([
    ['no name, application/octet-stream', { mime: 'application/octet-stream' }],
    ['no name, no type', {}],
    ['a name without an ending', { name: 'IMG_0001', mime: 'application/octet-stream' }],
    ['a rare ending', { name: 'photo.JFIF' }],
  ])('is drawn when its bytes are a picture: %s', async (_, names) => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const bytes = await picture(JSON.stringify(names));
    const source = await telegram.send(user, { document: { bytes, ...names } });
    expect((await harness.answerTo(telegram.dm(user), source)).document).toBeDefined();
    expect(bot.engine.runs.at(-1)?.photo).toBe(sha256(bytes));
  });

  it('is refused unread when its name says that it is none', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const archive = { bytes: new Uint8Array(9), name: 'photos.zip', mime: 'application/octet-stream' };
    const source = await telegram.send(user, { document: archive });
    expect(await harness.textTo(telegram.dm(user), source)).toBe(en.input.notAPicture);
    expect(telegram.downloads).toEqual([]);
  });
});

describe('a channel', () => {
  it('gets the cartoon of a post with /cartoon, as one message without buttons and without signs of life', async () => {
    const { telegram } = harness;
    const channel = telegram.newChannel();
    const admin = telegram.newUser();
    const post = await telegram.send(
      admin,
      { photo: await picture('news'), caption: '/cartoon anime' },
      channel,
    );
    const answer = await harness.answerTo(channel, post);
    expect(answer.photo).toBeDefined();
    expect(telegram.buttons(answer)).toEqual([]);
    expect(answer.edit_date).toBeUndefined();
    expect(bot.engine.runs.map(({ style }) => style)).toEqual(['anime']);
    expect(telegram.callsOf('sendChatAction')).toEqual([]);
    expect(telegram.callsOf('setMessageReaction')).toEqual([]);
    expect(telegram.botMessages(channel)).toHaveLength(1);
  });

  it('hears nothing else: other posts, other commands, refusals', async () => {
    const { telegram } = harness;
    const channel = telegram.newChannel();
    const admin = telegram.newUser();
    await telegram.send(admin, { photo: await picture('sunset') }, channel);
    await telegram.send(admin, { text: '/start' }, channel);
    await telegram.send(admin, { text: '/cartoon' }, channel);
    await telegram.send(admin, { animation: true, caption: '/cartoon' }, channel);
    const post = await telegram.send(admin, { photo: await picture('last'), caption: '/cartoon' }, channel);
    await harness.answerTo(channel, post);
    expect(telegram.botMessages(channel)).toHaveLength(1);
    expect(bot.engine.runs).toHaveLength(1);
  });
});

describe('a business account', () => {
  it('answers in its name when /cartoon asks, where it may', async () => {
    const { telegram } = harness;
    const [owner, customer] = [telegram.newUser(), telegram.newUser()];
    const business = telegram.newBusiness(owner);
    const room = telegram.dm(customer);
    await telegram.send(customer, { photo: await picture('a photo for you') }, room, { business });
    const asked = await telegram.send(customer, { photo: await picture('me'), caption: '/cartoon' }, room, {
      business,
    });
    const answer = await harness.answerTo(room, asked);
    expect(answer).toMatchObject({ business_connection_id: business });
    expect(telegram.buttons(answer)).toEqual([]);
    expect(bot.engine.runs).toHaveLength(1);
    expect(telegram.botMessages(room)).toHaveLength(1);
  });

  it('stays silent without the right to answer', async () => {
    const { telegram } = harness;
    const [owner, customer] = [telegram.newUser(), telegram.newUser()];
    const business = telegram.newBusiness(owner, {});
    const room = telegram.dm(customer);
    await telegram.send(customer, { photo: await picture('me'), caption: '/cartoon' }, room, { business });
    await until(() => telegram.callsOf('getBusinessConnection')[0], 'the question for its rights');
    await quiet();
    expect(bot.engine.runs).toEqual([]);
    expect(telegram.botMessages(room)).toEqual([]);
  });
});

/** One row of the table in docs/telegram.md. */
interface Row {
  readonly message: object;
  /** The file that is drawn, or the sentence; undefined = nothing is said about a picture. */
  readonly outcome: string | undefined;
}

const size = (id: string, width = 90) => ({ file_id: id, file_unique_id: `u-${id}`, width, height: 60 });
const clip = { ...size('clip'), duration: 3, thumbnail: size('thumb') };

const FIELDS: Readonly<Record<string, Row>> = {
  photo: { message: { photo: [size('small'), size('large', 900)] }, outcome: 'large' },
  live_photo: { message: { live_photo: { ...clip, photo: [size('still')] } }, outcome: 'still' },
  document: { message: { document: { ...size('file'), mime_type: 'image/png' } }, outcome: 'file' },
  sticker: {
    message: { sticker: { ...size('sticker'), is_animated: false, is_video: false } },
    outcome: 'sticker',
  },
  video: { message: { video: { ...clip, cover: [size('cover')] } }, outcome: 'cover' },
  animation: { message: { animation: clip, document: clip }, outcome: 'animation' },
  video_note: { message: { video_note: clip }, outcome: 'video' },
  audio: { message: { audio: { ...size('song'), thumbnail: size('album art') } }, outcome: undefined },
  story: { message: { story: { chat: {}, id: 1 } }, outcome: undefined },
  paid_media: { message: { paid_media: { star_count: 1, paid_media: [] } }, outcome: undefined },
  game: { message: { game: { title: 'x', photo: [size('game')] } }, outcome: undefined },
  poll: { message: { poll: { question: 'Which?', media: { photo: [size('poll')] } } }, outcome: undefined },
  rich_message: { message: { rich_message: { blocks: [{ photo: [size('block')] }] } }, outcome: undefined },
  users_shared: { message: { users_shared: { users: [{ photo: [size('face')] }] } }, outcome: undefined },
  chat_shared: { message: { chat_shared: { photo: [size('chat')] } }, outcome: undefined },
  gift: { message: { gift: { gift: { sticker: size('gift') } } }, outcome: undefined },
  unique_gift: { message: { unique_gift: { gift: { model: { sticker: size('g') } } } }, outcome: undefined },
  gift_upgrade_sent: {
    message: { gift_upgrade_sent: { gift: { sticker: size('gift') } } },
    outcome: undefined,
  },
  chat_background_set: {
    message: { chat_background_set: { type: { document: size('wall') } } },
    outcome: undefined,
  },
  new_chat_photo: { message: { new_chat_photo: [size('group')] }, outcome: undefined },
};

describe('fields of a message', () => {
  it.each(Object.entries(FIELDS))('%s', (_, { message, outcome }) => {
    const found = mediaIn(message as Message);
    const seen = found && ('photo' in found ? found.photo.fileId : found.refusal);
    expect(seen).toBe(outcome);
  });
});

const SPEC = fileURLToPath(new URL('../../../../shared/specs/telegram-bot-api.json', import.meta.url));
if (existsSync(SPEC)) {
  it('there is no other field that can hold one (the specification)', () => {
    const { types } = JSON.parse(readFileSync(SPEC, 'utf8')) as {
      types: Record<string, { fields?: { name: string; types: string[] }[]; subtype_of?: string[] }>;
    };
    const holds = new Map<string, boolean>();
    const canHold = (type: string): boolean => {
      const name = type.replace(/^(Array of )+/, '');
      if (/^(PhotoSize|File|Document|Sticker)$/.test(name)) return true;
      if (holds.has(name)) return holds.get(name) ?? false;
      holds.set(name, false);
      // People, chats and other messages have pictures of their own, which are not sent with the message.
      const others = /^(User|Chat|ChatFullInfo|Message|MaybeInaccessibleMessage|ExternalReplyInfo)$/;
      const kinds = Object.keys(types).filter((kind) => types[kind]?.subtype_of?.includes(name));
      const fields = types[name]?.fields ?? [];
      const found =
        !others.test(name) && (fields.some((field) => field.types.some(canHold)) || kinds.some(canHold));
      holds.set(name, found);
      return found;
    };
    const all = (types['Message']?.fields ?? []).filter((field) => field.types.some(canHold));
    expect(all.length).toBeGreaterThan(10);
    const missing = all.map(({ name }) => name).filter((name) => !(name in FIELDS));
    expect(missing).toEqual([]);
  });
} else console.info('../shared/specs is not here, the table is not compared with it');
