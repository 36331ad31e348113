/** Chats and messages of the pretended Telegram, as the Bot API shows them. */
import type { Chat, Message, User } from 'grammy/types';
import { ApiError, bad, forbidden } from './errors.ts';

export type ChatState = 'ok' | 'blocked' | 'kicked' | 'deactivated';

export interface Room {
  readonly chat: Chat;
  readonly messages: Map<number, Message>;
  /** Messages the bot sent or that people sent and that were deleted since. */
  readonly deleted: Message[];
  readonly topics: Set<number>;
  /** Privacy mode: the bot sees only what concerns it. */
  readonly privacy: boolean;
  state: ChatState;
  /** Set when the group became a supergroup. */
  movedTo?: number;
  mayReact: boolean;
  mayPhoto: boolean;
  lastId: number;
}

/** A message as it is nested: Telegram never nests deeper. */
function flat(message: Message): Message {
  const { reply_to_message: _, ...rest } = message;
  return rest as Message;
}

export class World {
  readonly bot: User & { is_bot: true; username: string };
  readonly #rooms = new Map<number, Room>();
  #nextUser = 100_001;
  #nextGroup = 1_000_000_001;

  constructor(botId: number) {
    this.bot = { id: botId, is_bot: true, first_name: 'dctoon', username: 'dctoon_test_bot' };
  }

  newUser(more: Partial<User> = {}): User {
    const id = this.#nextUser++;
    const user: User = { id, is_bot: false, first_name: `User ${id}`, language_code: 'en', ...more };
    this.#open({ id, type: 'private', first_name: user.first_name }, false);
    return user;
  }

  newGroup(options: { forum?: boolean; privacy?: boolean; title?: string } = {}): Room {
    const id = -1_000_000_000_000 - this.#nextGroup++;
    const chat = {
      id,
      type: 'supergroup',
      title: options.title ?? 'Friends',
      ...(options.forum ? { is_forum: true } : {}),
    } as Chat;
    return this.#open(chat, options.privacy ?? true);
  }

  /** A channel with the bot as administrator. */
  newChannel(): Room {
    const id = -1_000_000_000_000 - this.#nextGroup++;
    return this.#open({ id, type: 'channel', title: 'News' } as Chat, false);
  }

  #open(chat: Chat, privacy: boolean): Room {
    const room: Room = {
      chat,
      messages: new Map(),
      deleted: [],
      topics: new Set(),
      privacy,
      state: 'ok',
      mayReact: true,
      mayPhoto: true,
      // Telegram numbers private chats per bot and groups per group; other starts find mixed-up ids.
      lastId: Math.abs(chat.id % 1000) * 10,
    };
    this.#rooms.set(chat.id, room);
    return room;
  }

  newTopic(room: Room): number {
    const id = ++room.lastId;
    room.topics.add(id);
    return id;
  }

  room(id: number): Room {
    const room = this.#rooms.get(id);
    if (!room) throw new Error(`the test knows no chat ${id}`);
    return room;
  }

  /** The room the bot may write to. @throws ApiError as Telegram refuses */
  open(id: unknown): Room {
    const room = typeof id === 'number' ? this.#rooms.get(id) : undefined;
    if (!room) throw bad('chat not found');
    if (room.movedTo !== undefined)
      throw new ApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
        migrate_to_chat_id: room.movedTo,
      });
    if (room.state === 'blocked') throw forbidden('bot was blocked by the user');
    if (room.state === 'kicked') throw forbidden('bot was kicked from the supergroup chat');
    if (room.state === 'deactivated') throw forbidden('user is deactivated');
    return room;
  }

  /** Adds a message and gives it its id and date. */
  post(room: Room, content: Partial<Message>, replyTo?: Message): Message {
    const message = {
      message_id: ++room.lastId,
      date: Math.floor(Date.now() / 1000),
      chat: room.chat,
      ...content,
      ...(replyTo ? { reply_to_message: flat(replyTo) } : {}),
    } as Message;
    room.messages.set(message.message_id, message);
    return message;
  }

  remove(room: Room, id: number): boolean {
    const message = room.messages.get(id);
    if (!message) return false;
    room.messages.delete(id);
    room.deleted.push(message);
    return true;
  }

  /** The message as updates show it now: what it replies to is there only while that exists. */
  current(room: Room, id: number): Message | undefined {
    const message = room.messages.get(id);
    if (!message?.reply_to_message) return message;
    const source = room.messages.get(message.reply_to_message.message_id);
    return { ...flat(message), ...(source ? { reply_to_message: flat(source) } : {}) } as Message;
  }
}
