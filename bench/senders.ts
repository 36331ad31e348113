/**
 * People on both loopback platforms who send photos in every way there is, and remember what they are owed. For the
 * torture and the soak: what a person sees is what counts, so answers are counted in the chats.
 */
import type { Message, User } from 'grammy/types';
import sharp from 'sharp';
import type { LoopbackDiscord, Seen } from '../test/support/loopback-discord/index.ts';
import { settled } from '../test/support/loopback-discord/index.ts';
import type { LoopbackTelegram, Room } from '../test/support/loopback-telegram/index.ts';
import { astronaut } from '../test/support/photos.ts';

/** What became of the photos that were owed an answer. */
export interface Tally {
  owed: number;
  drawn: number;
  /** What is no picture, and was refused in words. */
  refused: number;
  /** A sentence instead of a cartoon, after too many kills. */
  apologised: number;
  waiting: number;
  /** More than one picture, or a picture and a sentence. */
  twice: number;
}

export interface Senders {
  readonly name: string;
  /** Sends one photo (an album or a message with two counts as so many). */
  send(): Promise<void>;
  tally(): Tally;
  /** What else is worth knowing about the chats. */
  remarks(): string[];
}

/** A face in ever new light, so that no cache answers. */
async function portraits(width: number): Promise<() => Promise<Buffer>> {
  const face = await sharp(await astronaut())
    .resize(width)
    .png()
    .toBuffer();
  return () =>
    sharp(face)
      .modulate({ brightness: 0.6 + Math.random() * 0.8, hue: Math.floor(Math.random() * 360) })
      .jpeg()
      .toBuffer();
}

/** Name of a file that is no picture. */
const HOAX = 'not-a-picture.png';

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

interface Answer {
  readonly pictures: number;
  readonly texts: number;
  /** What was sent can be drawn. Default: true. */
  readonly isPhoto?: boolean;
}

function tallyOf(answers: readonly Answer[]): Tally {
  const count = (test: (answer: Answer) => boolean) => answers.filter(test).length;
  return {
    owed: answers.length,
    drawn: count(({ pictures }) => pictures > 0),
    refused: count(({ pictures, texts, isPhoto }) => pictures === 0 && texts > 0 && isPhoto === false),
    apologised: count(({ pictures, texts, isPhoto }) => pictures === 0 && texts > 0 && isPhoto !== false),
    waiting: count(({ pictures, texts }) => pictures + texts === 0),
    twice: count(({ pictures, texts }) => pictures + texts > 1),
  };
}

export interface SendersOptions {
  /** Width of the photos. */
  readonly width: number;
  /** People per platform. Default 25. */
  readonly people?: number;
}

export async function telegramSenders(telegram: LoopbackTelegram, options: SendersOptions): Promise<Senders> {
  const portrait = await portraits(options.width);
  const users = Array.from({ length: options.people ?? 25 }, () => telegram.newUser());
  const groups = Array.from({ length: 3 }, () => telegram.newGroup());
  const owed: { room: Room; source: Message }[] = [];
  const owe = (room: Room, ...sources: Message[]) =>
    owed.push(...sources.map((source) => ({ room, source })));
  const isStatus = (text: string) =>
    text === '🎨' || /ahead of yours|You are next|Drawing your|restarting/.test(text);

  async function send(user: User): Promise<void> {
    const room = telegram.dm(user);
    const kind = Math.random();
    if (kind < 0.1) {
      const bytes = await portrait();
      owe(room, await telegram.send(user, { document: { bytes, name: 'me.jpg', mime: 'image/jpeg' } }));
    } else if (kind < 0.2) {
      const group = pick(groups);
      owe(group, await telegram.send(user, { photo: await portrait(), caption: '/cartoon' }, group));
    } else if (kind < 0.3) {
      const parts = await Promise.all([0, 1, 2].map(async () => ({ photo: await portrait() })));
      owe(room, ...(await telegram.sendAlbum(user, parts)));
    } else if (kind < 0.4) {
      // Once more what somebody sent before: the cache may answer.
      const earlier = owed.filter(({ source }) => source.photo).at(-Math.ceil(Math.random() * 30));
      if (earlier) owe(room, await telegram.send(user, { forward: earlier.source }));
    } else if (kind < 0.45) {
      const bytes = Buffer.from('this is not a picture');
      owe(room, await telegram.send(user, { document: { bytes, name: HOAX, mime: 'image/png' } }));
    } else {
      owe(room, await telegram.send(user, { photo: await portrait() }));
    }
  }

  return {
    name: 'Telegram',
    send: () => send(pick(users)),
    tally() {
      const answers = owed.map(({ room, source }) => {
        const replies = telegram
          .botMessages(room)
          .filter((message) => message.reply_to_message?.message_id === source.message_id);
        const texts = replies.filter(({ text }) => text !== undefined && !isStatus(text)).length;
        const isPhoto = source.document?.file_name !== HOAX;
        return { pictures: telegram.pictures(room, source).length, texts, isPhoto };
      });
      return tallyOf(answers);
    },
    remarks() {
      const rooms = [...groups, ...users.map((user) => telegram.dm(user))];
      const left = rooms.flatMap((room) => telegram.botMessages(room)).flatMap(({ text }) => text ?? []);
      const signs = left.filter((text) => text === '🎨').length;
      const statuses = left.filter((text) => text !== '🎨' && isStatus(text)).length;
      return [
        `${signs} signs and ${statuses} status messages left behind`,
        ...telegram.violations.slice(0, 5),
      ];
    },
  };
}

export async function discordSenders(discord: LoopbackDiscord, options: SendersOptions): Promise<Senders> {
  const { world, people, gateway } = discord;
  const portrait = await portraits(options.width);
  const users = Array.from({ length: options.people ?? 25 }, (_, n) => world.person(`person ${n}`));
  // A server has a cap of its own.
  const channels = Array.from({ length: 50 }, () => world.guild().channel);
  const commands: { seen: Seen; pictures: number }[] = [];
  const messages: string[] = [];

  async function send(): Promise<void> {
    // While nobody is connected, Discord has nobody to hand anything to.
    if (gateway.connected === 0) return;
    const user = pick(users);
    const channel = pick(channels);
    const kind = Math.random();
    const file = async (name = 'me.jpg') => ({ name, bytes: await portrait() });
    if (kind < 0.2) {
      const message = people.write(user, world.dm(user), { photos: [await file()] });
      messages.push(message.id);
    } else if (kind < 0.4) {
      const photos = [await file(), await file('b.jpg')];
      const target = world.message(users[0] ?? user, channel.id, {
        attachments: photos.map((one) => world.attach(one)),
      });
      commands.push({ seen: await people.messageMenu(user, { channel }, 'Cartoonize', target), pictures: 2 });
    } else {
      commands.push({
        seen: await people.slash(user, { channel }, 'cartoonize', { image: await file() }),
        pictures: 1,
      });
    }
  }

  /** Discord itself tells a person whose command was not acknowledged; nothing was promised. */
  const acknowledged = () => commands.filter(({ seen }) => seen.interaction.acknowledgedAt !== undefined);
  const answersTo = (id: string) =>
    [...world.messages.values()].filter((one) => one.message_reference?.message_id === id);

  return {
    name: 'Discord',
    send,
    tally() {
      const answers = acknowledged().flatMap(({ seen, pictures }) => {
        const { reply } = seen;
        const isOver = reply !== undefined && settled(reply);
        const shown = reply?.attachments.length ?? 0;
        const extra = seen.followUps.length > 0 || shown > pictures;
        return Array.from({ length: pictures }, (_, part) => {
          if (extra) return { pictures: 2, texts: 0 };
          return { pictures: part < shown ? 1 : 0, texts: part >= shown && isOver ? 1 : 0 };
        });
      });
      const byMessage = messages.flatMap((id) => {
        const found = answersTo(id);
        const pictures = found.reduce((sum, one) => sum + one.attachments.length, 0);
        // The gateway never repeats what a dying process received: only who got any sign is owed an answer.
        return found.length === 0
          ? []
          : [{ pictures, texts: pictures === 0 && found.every(settled) ? 1 : 0 }];
      });
      return tallyOf([...answers, ...byMessage]);
    },
    remarks() {
      const unacknowledged = commands.length - acknowledged().length;
      const unseen = messages.filter((id) => answersTo(id).length === 0).length;
      return [
        `${unacknowledged} of ${commands.length} commands not acknowledged: Discord told their people`,
        `${unseen} of ${messages.length} direct messages never reached a living process`,
        ...world.violations.slice(0, 5),
      ];
    },
  };
}
