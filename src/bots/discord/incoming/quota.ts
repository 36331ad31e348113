/** How many pictures a person and a server may ask for in a while. What fails is given back. */
import { LRUCache } from 'lru-cache';
import { DctoonError } from '../../../shared/errors.ts';

export interface QuotaOptions {
  /** Pictures per window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Keys whose pictures are counted at a time; 40 times each, that is about 10 MB. */
const MAX_KEYS = 20_000;

/** A sliding window per key (a person, a server). In memory: nothing is counted across a restart. */
export class Quota {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  /** Times of the pictures within the window, oldest first. */
  readonly #taken: LRUCache<string, number[]>;

  constructor({ limit, windowMs, now = Date.now }: QuotaOptions) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
    this.#taken = new LRUCache({ max: MAX_KEYS });
  }

  /** @throws DctoonError `rate_limited` (details: `seconds`) when `count` more would be too many; then nothing is taken */
  take(key: string, count: number): void {
    const taken = this.#recent(key);
    const over = taken.length + count - this.#limit;
    if (over > 0) {
      // The over-th oldest must leave the window first; a single request above the limit waits for a whole window.
      const oldest = taken[Math.min(over, taken.length) - 1] ?? this.#now();
      const seconds = Math.max(1, Math.ceil((oldest + this.#windowMs - this.#now()) / 1000));
      throw new DctoonError('rate_limited', undefined, { details: { seconds } });
    }
    this.#taken.set(key, [...taken, ...Array<number>(count).fill(this.#now())]);
  }

  refund(key: string, count = 1): void {
    const taken = this.#recent(key);
    this.#taken.set(key, taken.slice(0, Math.max(0, taken.length - count)));
  }

  /** Drops keys with nothing in the window. */
  sweep(): void {
    for (const key of this.#taken.keys()) {
      if (this.#recent(key).length === 0) this.#taken.delete(key);
    }
  }

  #recent(key: string): number[] {
    const since = this.#now() - this.#windowMs;
    return (this.#taken.peek(key) ?? []).filter((at) => at > since);
  }
}

/** Who pays for a picture. */
export interface Requester {
  readonly userId: string;
  readonly guildId?: string | undefined;
}

/** The quota of a person and that of the server the person is in. */
export class Quotas {
  readonly #user: Quota;
  readonly #guild: Quota;

  constructor(user: Quota, guild: Quota) {
    this.#user = user;
    this.#guild = guild;
  }

  /**
   * Takes `count` pictures from both, or from none. Call it before the acknowledgement, so that a refusal can be the
   * answer.
   * @returns `rate_limited` when that would be too many
   */
  charge({ userId, guildId }: Requester, count: number): DctoonError | undefined {
    try {
      this.#user.take(userId, count);
    } catch (error) {
      return DctoonError.from(error);
    }
    try {
      if (guildId) this.#guild.take(guildId, count);
      return undefined;
    } catch (error) {
      this.#user.refund(userId, count);
      return DctoonError.from(error);
    }
  }

  /** A picture did not come. */
  refund({ userId, guildId }: Requester): void {
    this.#user.refund(userId);
    if (guildId) this.#guild.refund(guildId);
  }

  sweep(): void {
    this.#user.sweep();
    this.#guild.sweep();
  }
}
