/** What people do: send, reply, press buttons, delete. Each action becomes the update that Telegram would send. */
import { randomInt } from 'node:crypto';
import type { Message, MessageEntity, Update, User } from 'grammy/types';
import { storeFile, storePhoto } from './media.ts';
import type { Telegram } from './methods/call.ts';
import type { Room } from './world.ts';

export interface Content {
  readonly text?: string;
  readonly caption?: string;
  readonly photo?: Uint8Array;
  /** The photo is hidden until somebody taps on it. */
  readonly spoiler?: boolean;
  /** The message can be neither forwarded nor saved. */
  readonly isProtected?: boolean;
  readonly document?: { bytes: Uint8Array; name?: string; mime?: string; announced?: number };
  readonly sticker?: {
    bytes: Uint8Array;
    kind?: 'static' | 'animated' | 'video';
    set?: string;
    unique?: string;
  };
  readonly video?: { cover?: Uint8Array };
  readonly animation?: boolean;
  readonly videoNote?: boolean;
  /** A message to forward: the same file, another id. */
  readonly forward?: Message;
}

export interface Where {
  readonly thread?: number;
  readonly replyTo?: Message;
  readonly album?: string;
  /** An anonymous administrator or a channel in whose name the message is written. */
  readonly senderChat?: Room;
  /** Id of the connection of a business account; the message is in its chat with a customer. */
  readonly business?: string;
}

/** Telegram marks commands and mentions itself. */
function entities(text: string): MessageEntity[] {
  const found = [...text.matchAll(/(?<![\w/])(\/[a-z0-9_]+(?:@\w+)?|@\w{3,})/gi)];
  return found.map((match) => ({
    type: match[0].startsWith('/') ? 'bot_command' : 'mention',
    offset: match.index,
    length: match[0].length,
  }));
}

export class People {
  readonly #telegram: Telegram;

  constructor(telegram: Telegram) {
    this.#telegram = telegram;
  }

  /** Sends a message; the update goes to the bot if the bot may see it. */
  async send(from: User, room: Room, content: Content, where: Where = {}): Promise<Message> {
    const { world, updates } = this.#telegram;
    const body = await this.#content(content);
    const message = world.post(
      room,
      {
        ...(room.chat.type === 'channel' ? { sender_chat: room.chat } : { from }),
        ...body,
        ...placed(room, where),
      } as Partial<Message>,
      where.replyTo,
    );
    const kind = where.business
      ? 'business_message'
      : room.chat.type === 'channel'
        ? 'channel_post'
        : 'message';
    if (this.#visible(room, message)) updates.add({ [kind]: message } as Omit<Update, 'update_id'>);
    return message;
  }

  /** An album: one update per part, the caption on the first only. */
  async sendAlbum(
    from: User,
    room: Room,
    parts: readonly Content[],
    where: Where & { caption?: string } = {},
  ): Promise<Message[]> {
    const album = where.album ?? String(randomInt(2 ** 40));
    const sent: Message[] = [];
    for (const [index, part] of parts.entries()) {
      const caption = index === 0 && where.caption !== undefined ? { caption: where.caption } : {};
      sent.push(await this.send(from, room, { ...part, ...caption }, { ...where, album }));
    }
    return sent;
  }

  /** Presses a button. Returns the callback id. */
  press(from: User, room: Room, messageId: number, data: string): string {
    const message = this.#telegram.world.current(room, messageId);
    const id = String(randomInt(2 ** 47));
    this.#telegram.presses.set(id, { at: Date.now() });
    this.#telegram.updates.add({
      callback_query: {
        id,
        from,
        chat_instance: String(room.chat.id),
        data,
        message: message ?? { chat: room.chat, message_id: messageId, date: 0 },
      },
    } as Omit<Update, 'update_id'>);
    return id;
  }

  delete(room: Room, message: Message): void {
    this.#telegram.world.remove(room, message.message_id);
  }

  async #content(content: Content): Promise<Partial<Message>> {
    const { files } = this.#telegram;
    const words = {
      ...(content.text === undefined ? {} : { text: content.text, entities: entities(content.text) }),
      ...(content.caption === undefined
        ? {}
        : { caption: content.caption, caption_entities: entities(content.caption) }),
      ...(content.spoiler && { has_media_spoiler: true as const }),
      ...(content.isProtected && { has_protected_content: true as const }),
    };
    if (content.forward) return { ...words, ...this.#forwarded(content.forward) };
    if (content.photo) return { ...words, photo: await storePhoto(files, content.photo) };
    if (content.document) {
      const { bytes, name, mime, announced } = content.document;
      return { ...words, document: storeFile(files, 'document', bytes, name, mime, announced) };
    }
    if (content.sticker) {
      const { file_id, file_unique_id } = storeFile(files, 'sticker', content.sticker.bytes, 'sticker');
      const kind = content.sticker.kind ?? 'static';
      const flags = { is_animated: kind === 'animated', is_video: kind === 'video', type: 'regular' };
      const { set, unique = file_unique_id } = content.sticker;
      const from = set === undefined ? {} : { set_name: set };
      const size = { width: 512, height: 512 };
      return { sticker: { file_id, file_unique_id: unique, ...size, ...flags, ...from } } as Partial<Message>;
    }
    const clip = {
      ...storeFile(files, 'video', new Uint8Array(4), 'clip'),
      width: 320,
      height: 240,
      duration: 3,
    };
    if (content.video) {
      const cover = content.video.cover ? { cover: await storePhoto(files, content.video.cover) } : {};
      return { ...words, video: { ...clip, ...cover } } as Partial<Message>;
    }
    // Telegram sets `document` too, for old clients.
    if (content.animation) return { ...words, animation: clip, document: clip } as Partial<Message>;
    if (content.videoNote) return { video_note: { ...clip, length: 240 } } as Partial<Message>;
    return words;
  }

  #forwarded(message: Message): Partial<Message> {
    const { files } = this.#telegram;
    const origin = { type: 'hidden_user', sender_user_name: 'Somebody', date: message.date };
    const photo = message.photo?.map((size) => {
      const file = files.get(size.file_id);
      return file ? { ...size, file_id: files.alias(file).id } : size;
    });
    const { caption, document } = message;
    return {
      forward_origin: origin,
      ...(photo ? { photo } : {}),
      ...(document ? { document } : {}),
      ...(caption ? { caption, caption_entities: entities(caption) } : {}),
    } as Partial<Message>;
  }

  /** Privacy mode: commands, mentions of the bot, replies to the bot (core.telegram.org/bots/features#privacy-mode). */
  #visible(room: Room, message: Message): boolean {
    if (room.chat.type === 'private' || room.chat.type === 'channel' || !room.privacy) return true;
    const { bot } = this.#telegram.world;
    if (message.reply_to_message?.from?.id === bot.id) return true;
    const text = message.text ?? message.caption ?? '';
    return entities(text).some((entity) => {
      const word = text.slice(entity.offset, entity.offset + entity.length).toLowerCase();
      const [command, target] = word.split('@');
      return target === bot.username || (target === undefined && command?.startsWith('/') === true);
    });
  }
}

function placed(room: Room, where: Where): Partial<Message> {
  const { thread, replyTo, album, senderChat } = where;
  const threaded =
    thread !== undefined
      ? { message_thread_id: thread, is_topic_message: true }
      : // A trap of ordinary supergroups: replies carry a thread id that nothing may be sent to.
        replyTo && room.chat.type === 'supergroup'
        ? { message_thread_id: replyTo.message_id }
        : {};
  return {
    ...threaded,
    ...(album ? { media_group_id: album } : {}),
    ...(senderChat ? { sender_chat: senderChat.chat } : {}),
    ...(where.business ? { business_connection_id: where.business } : {}),
  } as Partial<Message>;
}
