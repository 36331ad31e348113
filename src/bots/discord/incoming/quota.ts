/** How much somebody may ask for in a while. What fails is given back: nobody pays for a cartoon that never came. */
import { DctoonError } from '../../../shared/errors.ts';

export interface QuotaOptions {
  /** Pictures per window. */
  readonly limit: number;
  readonly windowMs: number;
  readonly now?: () => number;
}

/** A sliding window per key (a person, a server). In memory: a restart forgives everybody. */
export class Quota {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #spent = new Map<string, number[]>();

  constructor({ limit, windowMs, now = Date.now }: QuotaOptions) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** @throws DctoonError `rate_limited` (details: `seconds`) when `count` more would be too many; then nothing is taken */
  take(key: string, count: number): void {
    const spent = this.#recent(key);
    const over = spent.length + count - this.#limit;
    if (over > 0) {
      // The over-th oldest must leave the window first; a single request above the limit waits for a whole window.
      const oldest = spent[Math.min(over, spent.length) - 1] ?? this.#now();
      const seconds = Math.max(1, Math.ceil((oldest + this.#windowMs - this.#now()) / 1000));
      throw new DctoonError('rate_limited', undefined, { details: { seconds } });
    }
    this.#spent.set(key, [...spent, ...Array<number>(count).fill(this.#now())]);
  }

  refund(key: string, count = 1): void {
    const spent = this.#recent(key);
    spent.splice(Math.max(0, spent.length - count));
    if (spent.length === 0) this.#spent.delete(key);
  }

  /** Drops keys with nothing in the window. */
  sweep(): void {
    for (const key of this.#spent.keys()) {
      if (this.#recent(key).length === 0) this.#spent.delete(key);
    }
  }

  #recent(key: string): number[] {
    const since = this.#now() - this.#windowMs;
    const spent = (this.#spent.get(key) ?? []).filter((at) => at > since);
    if (this.#spent.has(key)) this.#spent.set(key, spent);
    return spent;
  }
}
