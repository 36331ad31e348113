/** Finished web jobs, kept until they are fetched or their time is over. Bounded by count, bytes and age. */
import type { Outcome } from '../../queue/types.ts';

export interface Result {
  readonly outcome: Outcome;
  /** Epoch milliseconds at which it is deleted. */
  readonly expiresAt: number;
}

interface KeptResult extends Result {
  readonly bytes: number;
  fetched: boolean;
}

export interface ResultStoreOptions {
  readonly maxCount: number;
  readonly maxBytes: number;
  /** Milliseconds a result is kept; 0 = until it has been fetched once, at most one minute. */
  readonly keepMs: number;
  readonly now?: () => number;
  /** Told of every result that is deleted, for whatever reason. */
  readonly onDelete?: (id: string) => void;
}

const AT_LEAST_MS = 60_000;

export class ResultStore {
  readonly #options: ResultStoreOptions;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #entries = new Map<string, KeptResult>();
  #bytes = 0;

  constructor(options: ResultStoreOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Keeps an outcome; the same id again replaces it. May push out others, those already fetched first.
   * @param expiresAt epoch milliseconds; default: its full time
   */
  put(id: string, outcome: Outcome, expiresAt: number = this.expiry()): void {
    this.#forget(id);
    const bytes = outcome.ok ? outcome.cartoon.image.length : 0;
    this.#entries.set(id, { outcome, bytes, expiresAt, fetched: false });
    this.#bytes += bytes;
    this.sweep();
    for (const wanted of [(entry: KeptResult) => entry.fetched, () => true]) {
      for (const [other, entry] of this.#entries) {
        if (!this.#overfull()) return;
        if (other !== id && wanted(entry)) this.delete(other);
      }
    }
  }

  /** When a result that comes now is deleted. */
  expiry(): number {
    return this.#now() + (this.#options.keepMs || AT_LEAST_MS);
  }

  /** What became of a job; undefined when it is unknown, deleted, or its time is over. */
  get(id: string): Result | undefined {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    if (entry.expiresAt > this.#now()) return entry;
    this.delete(id);
    return undefined;
  }

  /** Says that the client has the picture. */
  fetched(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.fetched = true;
    if (this.#options.keepMs === 0) this.delete(id);
  }

  delete(id: string): boolean {
    const known = this.#forget(id);
    if (known) this.#options.onDelete?.(id);
    return known;
  }

  /** Deletes what is over its time. */
  sweep(): void {
    const now = this.#now();
    for (const [id, entry] of this.#entries) if (entry.expiresAt <= now) this.delete(id);
  }

  get size(): { readonly count: number; readonly bytes: number } {
    return { count: this.#entries.size, bytes: this.#bytes };
  }

  #forget(id: string): boolean {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0;
    return this.#entries.delete(id);
  }

  #overfull(): boolean {
    return this.#entries.size > this.#options.maxCount || this.#bytes > this.#options.maxBytes;
  }
}
