/** The state of the loopback Discord: people, channels, messages, files, interactions, and a clock tests can move. */

import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { MessageFlags } from 'discord.js';
import type { Expression } from './expressions.ts';
import type {
  APIAttachment,
  APIMessage,
  APIUser,
  Call,
  Channel,
  Fault,
  StoredCommand,
  StoredFile,
  StoredInteraction,
  Upload,
} from './types.ts';

const EPOCH = 1_420_070_400_000n;
/** Links to attachments live about a day. */
const LINK_LIFE_MS = 24 * 3600_000;

export class World {
  readonly application = { id: '', flags: 0 };
  readonly bot: APIUser;
  readonly token = `${randomBytes(18).toString('base64url')}.GaBcDe.${randomBytes(28).toString('base64url')}`;
  readonly users = new Map<string, APIUser>();
  readonly channels = new Map<string, Channel>();
  /** Guilds the bot is a member of. */
  readonly guilds = new Set<string>();
  readonly messages = new Map<string, APIMessage>();
  readonly files = new Map<string, StoredFile>();
  readonly interactions = new Map<string, StoredInteraction>();
  readonly globalCommands: StoredCommand[] = [];
  readonly guildCommands = new Map<string, StoredCommand[]>();
  readonly nonces = new Map<string, string>();
  readonly closedDms = new Set<string>();
  /** What Discord would refuse or frown at; every suite ends with this list empty. */
  readonly violations: string[] = [];
  readonly calls: Call[] = [];
  readonly faults: (Fault & { left: number })[] = [];
  /** Per file (20 MiB since September 2026) and per request. */
  /** Emoji and stickers of all servers. */
  readonly expressions: Expression[] = [];
  readonly limits = { fileBytes: 20 * 1024 * 1024, requestBytes: 25 * 1024 * 1024 };
  /** Base address of this server; known once it listens. */
  origin = '';
  #offset = 0;
  #counter = 0n;
  readonly #linkKey = randomBytes(16);
  readonly #changed = new Set<() => void>();

  constructor() {
    this.bot = { ...this.person('dctoon'), bot: true };
    this.application.id = this.bot.id;
    this.users.set(this.bot.id, this.bot);
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  /** Moves the clock: tokens, links and acknowledgements age. */
  advance(ms: number): void {
    this.#offset += ms;
  }

  id(): string {
    this.#counter += 1n;
    return (((BigInt(this.now()) - EPOCH) << 22n) | (this.#counter & 0x3fffffn)).toString();
  }

  person(name: string): APIUser {
    const user: APIUser = {
      id: this.id(),
      username: name,
      discriminator: '0',
      global_name: name,
      avatar: null,
    };
    this.users.set(user.id, user);
    return user;
  }

  channel(kind: Channel['kind'], more: Omit<Channel, 'id' | 'kind'> = {}): Channel {
    const channel: Channel = { id: this.id(), kind, ...more };
    this.channels.set(channel.id, channel);
    return channel;
  }

  guild(): { id: string; channel: Channel } {
    const id = this.id();
    this.guilds.add(id);
    return { id, channel: this.channel('guild', { guildId: id }) };
  }

  dm(user: APIUser): Channel {
    for (const channel of this.channels.values()) {
      if (channel.kind === 'dm' && channel.userId === user.id) return channel;
    }
    return this.channel('dm', { userId: user.id });
  }

  /** Stores a file on the CDN and describes it the way messages and options do. */
  attach(upload: Upload, folder = 'attachments'): APIAttachment {
    const id = this.id();
    const name = upload.name.replace(/[^\w.-]/g, '_');
    const path = `/${folder}/${this.application.id}/${id}/${name}`;
    const type = upload.type ?? 'image/jpeg';
    this.files.set(path, { bytes: upload.bytes, type });
    const url = this.sign(path);
    return {
      id,
      filename: name,
      size: upload.bytes.length,
      url,
      proxy_url: url,
      content_type: type,
      ...(upload.description === undefined ? {} : { description: upload.description }),
      // 1 << 3 = IsSpoiler
      ...(upload.spoiler ? { flags: 8 } : {}),
    };
  }

  sign(path: string, expiresAt = this.now() + LINK_LIFE_MS): string {
    const ex = Math.floor(expiresAt / 1000).toString(16);
    return `${this.origin}${path}?ex=${ex}&is=0&hm=${this.#seal(path, ex)}`;
  }

  /** Whether a signed path is genuine and has not expired. */
  isValidLink(path: string, query: URLSearchParams): boolean {
    const ex = query.get('ex') ?? '';
    return query.get('hm') === this.#seal(path, ex) && Number.parseInt(ex, 16) * 1000 > this.now();
  }

  #seal(path: string, ex: string): string {
    return createHmac('sha256', this.#linkKey).update(`${path} ${ex}`).digest('hex');
  }

  message(author: APIUser, channelId: string, more: Partial<APIMessage> = {}): APIMessage {
    const message: APIMessage = {
      id: this.id(),
      type: 0,
      channel_id: channelId,
      author,
      content: '',
      timestamp: new Date(this.now()).toISOString(),
      edited_timestamp: null,
      tts: false,
      mention_everyone: false,
      mentions: [],
      mention_roles: [],
      attachments: [],
      embeds: [],
      components: [],
      pinned: false,
      flags: 0 as MessageFlags,
      ...more,
    };
    this.messages.set(message.id, message);
    return message;
  }

  interaction(payload: StoredInteraction['payload'], userInstallOnly: boolean): StoredInteraction {
    const stored: StoredInteraction = {
      id: payload.id,
      token: payload.token,
      payload,
      createdAt: this.now(),
      userInstallOnly,
      originalDeleted: false,
      followUps: [],
      history: [],
    };
    this.interactions.set(payload.token, stored);
    return stored;
  }

  interactionToken(): string {
    return `${randomBytes(40).toString('base64url')}${randomUUID().replaceAll('-', '')}`;
  }

  fault(fault: Fault): void {
    this.faults.push({ ...fault, left: fault.times ?? 1 });
  }

  takeFault(method: string, path: string, files = 0): Fault | undefined {
    const fault = this.faults.find(
      (one) =>
        one.left > 0 &&
        (one.method ?? method) === method &&
        one.path.test(path) &&
        (files > 0 || !one.uploads),
    );
    if (fault) fault.left -= 1;
    return fault;
  }

  /** Remembers the present state of an original reply, for tests that look at the way it went. */
  remember(interaction: StoredInteraction): void {
    const message = interaction.originalId ? this.messages.get(interaction.originalId) : undefined;
    if (message) interaction.history.push(structuredClone(message));
  }

  isEphemeral(message: APIMessage): boolean {
    return ((message.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
  }

  changed(): void {
    for (const check of [...this.#changed]) check();
  }

  /** Waits until `look` gives something; looks again after every request and every 50 ms. */
  until<T>(look: () => T | undefined | false | null, what: string, timeoutMs = 8000): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      const end = () => {
        clearInterval(timer);
        this.#changed.delete(check);
      };
      const check = () => {
        try {
          const found = look();
          if (found !== undefined && found !== false && found !== null) {
            end();
            resolve(found);
          } else if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
        } catch (error) {
          end();
          reject(error);
        }
      };
      const timer = setInterval(check, 50);
      this.#changed.add(check);
      check();
    });
  }
}
