/**
 * A loopback Telegram: the Bot API over real HTTP, in this process, for the unmodified grammY client. It models what a
 * bot meets, refuses what Telegram refuses, and writes down every breach of the
 * specification in `violations`. It was never compared with the live service.
 */
import type { Message, User } from 'grammy/types';
import { type Fault, Faults, FloodGate, type FloodLimits } from './faults.ts';
import { Files } from './files.ts';
import type { StickerSet, Telegram } from './methods/call.ts';
import { type Content, People, type Where } from './people.ts';
import { LoopbackServer, type RecordedCall } from './server.ts';
import { loadSpec } from './spec.ts';
import { Updates } from './updates.ts';
import { type Room, World } from './world.ts';

export type { Fault } from './faults.ts';
export type { Content, Where } from './people.ts';
export type { RecordedCall } from './server.ts';
export type { Room } from './world.ts';

const BOT_ID = 123_456_789;

export interface LoopbackOptions {
  /** Refuses floods with 429, and notes them in `floods`. Default: off. */
  readonly flood?: FloodLimits;
}

export interface Button {
  readonly text: string;
  readonly data: string;
}

export class LoopbackTelegram {
  readonly token = `${BOT_ID}:AAloopback_loopback_loopback_loopbac`;
  /** Every request, oldest first. */
  readonly calls: RecordedCall[] = [];
  /** Paths fetched from the file route. */
  readonly downloads: string[] = [];
  /** Breaches of the specification; a suite ends with `expect(violations).toEqual([])`. */
  readonly violations: string[] = [];
  /** Requests that broke the flood limits. */
  readonly floods: string[] = [];
  /** False where the specification file is absent: then only the loopback's own refusals count. */
  readonly specChecked: boolean;
  readonly world = new World(BOT_ID);
  readonly files = new Files();
  readonly updates = new Updates();
  /** Root for `TELEGRAM_API_ROOT`. */
  root = '';
  readonly #telegram: Telegram;
  readonly #people: People;
  readonly #faults = new Faults();
  readonly #server: LoopbackServer;

  constructor(options: LoopbackOptions = {}) {
    const spec = loadSpec();
    this.specChecked = spec !== undefined;
    this.#telegram = {
      world: this.world,
      files: this.files,
      updates: this.updates,
      callbackLifeMs: 150_000,
      presses: new Map(),
      profile: new Map(),
      reactions: new Map(),
      businesses: new Map(),
      stickerSets: new Map(),
      takenNames: new Set(),
      startedBy: (user) => this.world.room(user).messages.size > 0,
    };
    this.#people = new People(this.#telegram);
    this.#server = new LoopbackServer({
      telegram: this.#telegram,
      token: this.token,
      spec,
      faults: this.#faults,
      flood: options.flood && new FloodGate(options.flood),
      calls: this.calls,
      downloads: this.downloads,
      violations: this.violations,
      floods: this.floods,
    });
  }

  static async start(options: LoopbackOptions = {}): Promise<LoopbackTelegram> {
    const loopback = new LoopbackTelegram(options);
    loopback.root = await loopback.#server.listen();
    return loopback;
  }

  async close(): Promise<void> {
    this.updates.close();
    await this.#server.close();
  }

  // People

  newUser(more: Partial<User> = {}): User {
    return this.world.newUser(more);
  }

  newGroup(options: { forum?: boolean; privacy?: boolean; title?: string } = {}): Room {
    return this.world.newGroup(options);
  }

  newChannel(): Room {
    return this.world.newChannel();
  }

  /** A business account that has let the bot into its chats. Returns the connection's id. */
  newBusiness(owner: User, rights: { can_reply?: true } = { can_reply: true }): string {
    const id = `business-${owner.id}`;
    this.#telegram.businesses.set(id, {
      id,
      user: owner,
      user_chat_id: owner.id,
      date: 0,
      is_enabled: true,
      rights,
    });
    return id;
  }

  /** The private chat of a user. */
  dm(user: User): Room {
    return this.world.room(user.id);
  }

  /** A message in a private chat, or in `room`. */
  send(from: User, content: Content, room: Room = this.dm(from), where: Where = {}): Promise<Message> {
    return this.#people.send(from, room, content, where);
  }

  sendAlbum(
    from: User,
    parts: readonly Content[],
    room: Room = this.dm(from),
    where: Where & { caption?: string } = {},
  ): Promise<Message[]> {
    return this.#people.sendAlbum(from, room, parts, where);
  }

  /** Presses the button whose label contains `label` or whose data is `label`. Returns the callback id. */
  press(from: User, room: Room, message: Message, label: string): string {
    const current = this.world.current(room, message.message_id);
    const button = this.buttons(current ?? message).find((b) => b.data === label || b.text.includes(label));
    return this.#people.press(from, room, message.message_id, button?.data ?? label);
  }

  delete(room: Room, message: Message): void {
    this.#people.delete(room, message);
  }

  // Faults

  fault(fault: Fault): void {
    this.#faults.plant(fault);
  }

  /** By name in lower case. */
  get stickerSets(): Map<string, StickerSet> {
    return this.#telegram.stickerSets;
  }

  /** Names that nobody can have (any more), in lower case. */
  get takenNames(): Set<string> {
    return this.#telegram.takenNames;
  }

  set callbackLifeMs(ms: number) {
    this.#telegram.callbackLifeMs = ms;
  }

  // What happened

  /** What the bot has in a chat now, oldest first. */
  botMessages(room: Room): Message[] {
    return [...room.messages.values()].filter((message) => message.from?.id === BOT_ID);
  }

  /** Pictures (photo or file) of the bot that reply to a message. */
  pictures(room: Room, source?: Message): Message[] {
    return this.botMessages(room).filter(
      (message) =>
        (message.photo || message.document) &&
        (!source || message.reply_to_message?.message_id === source.message_id),
    );
  }

  buttons(message: Message): Button[] {
    return (message.reply_markup?.inline_keyboard ?? [])
      .flat()
      .map((button) => ({ text: button.text, data: 'callback_data' in button ? button.callback_data : '' }));
  }

  /** Bytes of a picture in a message: the largest photo size or the file. */
  bytesOf(message: Message): Uint8Array {
    const id = message.photo?.at(-1)?.file_id ?? message.document?.file_id ?? '';
    const file = this.files.get(id);
    if (!file) throw new Error('the message has no picture');
    return file.bytes;
  }

  /** The text the user saw after pressing a button; undefined while unanswered. */
  callbackAnswer(id: string): { readonly text?: string; readonly show_alert?: boolean } | undefined {
    return this.#telegram.presses.get(id)?.answer;
  }

  reaction(room: Room, message: Message): string | undefined {
    return this.#telegram.reactions.get(`${room.chat.id}/${message.message_id}`);
  }

  /** What `setMyCommands` and its sisters stored, by `method scope language`. */
  get profile(): ReadonlyMap<string, Record<string, unknown>> {
    return this.#telegram.profile;
  }

  callsOf(method: string): RecordedCall[] {
    return this.calls.filter((call) => call.method === method);
  }
}
