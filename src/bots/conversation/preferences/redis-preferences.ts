/**
 * Preferences that all bot processes of a service share: one Redis hash, of which every process holds a copy. A change
 * is told to the others, so that a style chosen in one process is known to the next that gets a photo.
 */
import { z } from 'zod';
import type { Logger } from '../../../observability/logger.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { parseJson } from '../../../shared/json.ts';
import { OpenWork } from '../../../shared/open-work.ts';
import { orFail } from '../../../shared/timeout.ts';
import type { RedisConnections } from '../../../storage/redis-connections.ts';
import {
  DEFAULT_MAX_USERS,
  preferencesSchema,
  type StoredPreferences,
  UserPreferences,
} from './user-preferences.ts';

export interface RedisPreferencesOptions {
  readonly redis: RedisConnections;
  readonly log: Logger;
  /** Users remembered; beyond, whoever changed nothing for longest is forgotten. Default: 100,000 (about 10 MB). */
  readonly maxUsers?: number;
}

/** Longest wait for a deletion. It is done when Redis is back, but whoever asked should not wait until then. */
const ERASE_MS = 10_000;
/** Users read at a time when the copy is made. */
const PAGE = 1000;

/** A user and what is remembered now; null = nothing any more. */
const changeSchema = z.tuple([z.string(), preferencesSchema.nullable()]);

export class RedisPreferences extends UserPreferences {
  readonly #redis: RedisConnections;
  readonly #log: Logger;
  readonly #writes = new OpenWork();

  private constructor({ redis, log, maxUsers = DEFAULT_MAX_USERS }: RedisPreferencesOptions) {
    super(new Map(), maxUsers);
    this.#redis = redis;
    this.#log = log;
  }

  /** Resolves when the copy is complete and follows all changes. */
  static async open(options: RedisPreferencesOptions): Promise<RedisPreferences> {
    const preferences = new RedisPreferences(options);
    await preferences.#follow();
    return preferences;
  }

  override flush(): Promise<void> {
    return this.#writes.allEnd();
  }

  get #values(): string {
    return `${this.#redis.prefix}preferences`;
  }

  /** Users by the time of their last change. */
  get #times(): string {
    return `${this.#redis.prefix}preferences:times`;
  }

  get #changes(): string {
    return `${this.#redis.prefix}preferences:changes`;
  }

  async #follow(): Promise<void> {
    const { listener } = this.#redis;
    listener.on('message', (channel: string, text: string) => {
      if (channel === this.#changes) this.#learn(text);
    });
    // Changes told while Redis was away are lost: the copy is made anew.
    let isFirst = true;
    listener.on('ready', () => {
      if (!isFirst)
        this.#load().catch((error: unknown) => this.#log.warn({ err: error }, 'preferences are old'));
    });
    await listener.subscribe(this.#changes);
    await this.#load();
    isFirst = false;
  }

  async #load(): Promise<void> {
    const { persistent } = this.#redis;
    for (let cursor = '0'; ; ) {
      const [next, entries] = await persistent.hscan(this.#values, cursor, 'COUNT', PAGE);
      for (let i = 0; i < entries.length; i += 2) {
        const value = parseJson(preferencesSchema, entries[i + 1]);
        if (value) this.users.set(entries[i] ?? '', value);
      }
      cursor = next;
      if (cursor === '0') return;
    }
  }

  #learn(text: string): void {
    const change = parseJson(changeSchema, text);
    if (!change) {
      this.#log.warn('a change of preferences was not understood');
      return;
    }
    const [user, value] = change;
    if (value) this.remember(user, value);
    else this.users.delete(user);
  }

  protected override keep(user: string, value: StoredPreferences): void {
    const write = this.#write(user, value).catch((error: unknown) =>
      this.#log.error({ err: error }, 'a preference could not be saved'),
    );
    void this.#writes.add(write);
  }

  /**
   * Also when this process knows nothing: its copy may be older than the hash. On the connection of the writes, so that
   * one that is under way cannot bring the user back.
   */
  protected override async erase(user: string): Promise<void> {
    const erased = this.#redis.persistent
      .multi()
      .hdel(this.#values, user)
      .zrem(this.#times, user)
      .publish(this.#changes, JSON.stringify([user, null]))
      .exec();
    await orFail(erased, ERASE_MS, () => new DctoonError('internal', 'Redis does not answer'));
  }

  async #write(user: string, value: StoredPreferences): Promise<void> {
    const { persistent } = this.#redis;
    await persistent
      .multi()
      .hset(this.#values, user, JSON.stringify(value))
      .zadd(this.#times, Date.now(), user)
      .publish(this.#changes, JSON.stringify([user, value]))
      .exec();
    const surplus = (await persistent.zcard(this.#times)) - this.most;
    if (surplus <= 0) return;
    const oldest = await persistent.zrange(this.#times, '0', String(surplus - 1));
    await persistent
      .multi()
      .zrem(this.#times, ...oldest)
      .hdel(this.#values, ...oldest)
      .exec();
  }
}
