/** Finished web jobs, kept until they are fetched or their time is over. Bounded by count, bytes and age. */
import type { Cartoon } from '../../inference/types.ts';
import type { DctoonError } from '../../shared/errors.ts';
import type { Picture } from './picture.ts';

/** What became of a job; the picture lies where it costs no memory. */
export type Finished =
  | { readonly ok: true; readonly cartoon: Omit<Cartoon, 'image'>; readonly picture: Picture }
  | { readonly ok: false; readonly error: DctoonError };

export interface Result {
  readonly outcome: Finished;
  /** Epoch milliseconds at which it is deleted, as the client is told. */
  readonly expiresAt: number;
  /** Whose it is. */
  readonly user: string;
}

interface KeptResult extends Result {
  readonly bytes: number;
  /** By a clock that nobody sets back. */
  readonly endsAt: number;
  fetched: boolean;
}

export interface ResultStoreOptions {
  readonly maxCount: number;
  readonly maxBytes: number;
  /** Most of both that one user's results may take; the newest is always kept. Default: a quarter. */
  readonly share?: number;
  /** Milliseconds a result is kept; 0 = until it has been fetched once, at most one minute. */
  readonly keepMs: number;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: () => number;
  /** Milliseconds that only grow. Default: since the start of the process. */
  readonly monotonic?: () => number;
  /** Told of every result that is deleted, for whatever reason. */
  readonly onDelete?: (id: string) => void;
}

const AT_LEAST_MS = 60_000;
const DEFAULT_SHARE = 0.25;

export class ResultStore {
  readonly #options: ResultStoreOptions;
  readonly #now: () => number;
  readonly #monotonic: () => number;
  /** Oldest first. */
  readonly #entries = new Map<string, KeptResult>();
  #bytes = 0;

  constructor(options: ResultStoreOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  /** Keeps an outcome; the same id again replaces it. Makes room within the user's own share first. */
  put(id: string, result: Result): void {
    const { outcome, expiresAt, user } = result;
    this.#forget(id);
    const bytes = outcome.ok ? outcome.picture.bytes : 0;
    const endsAt = this.#monotonic() + Math.min(expiresAt - this.#now(), this.#keepMs);
    this.#entries.set(id, { ...result, bytes, endsAt, fetched: false });
    this.#bytes += bytes;
    this.sweep();
    const { maxCount, maxBytes, share = DEFAULT_SHARE } = this.#options;
    this.#makeRoom(id, user, { count: maxCount * share, bytes: maxBytes * share });
    while (this.#entries.size > maxCount || this.#bytes > maxBytes) {
      if (!this.#evictFrom(this.#greediest(), id)) return;
    }
  }

  /** When a result that comes now is deleted. */
  expiry(): number {
    return this.#now() + this.#keepMs;
  }

  /** What became of a job; undefined when it is unknown, deleted, or its time is over. */
  get(id: string): Result | undefined {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    if (entry.endsAt > this.#monotonic()) return entry;
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
    const now = this.#monotonic();
    for (const [id, entry] of this.#entries) if (entry.endsAt <= now) this.delete(id);
  }

  get size(): { readonly count: number; readonly bytes: number } {
    return { count: this.#entries.size, bytes: this.#bytes };
  }

  #forget(id: string): boolean {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0;
    return this.#entries.delete(id);
  }

  get #keepMs(): number {
    return this.#options.keepMs || AT_LEAST_MS;
  }

  #usage(user: string): { count: number; bytes: number } {
    const mine = [...this.#entries.values()].filter((entry) => entry.user === user);
    return { count: mine.length, bytes: mine.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /** Deletes a user's other results until the rest is within a share. */
  #makeRoom(id: string, user: string, share: { readonly count: number; readonly bytes: number }): void {
    for (let usage = this.#usage(user); usage.count > share.count || usage.bytes > share.bytes; ) {
      if (!this.#evictFrom(user, id)) return;
      usage = this.#usage(user);
    }
  }

  /** Who holds most bytes. */
  #greediest(): string {
    const bytes = new Map<string, number>();
    for (const { user, bytes: more } of this.#entries.values())
      bytes.set(user, (bytes.get(user) ?? 0) + more);
    return [...bytes].reduce((most, one) => (one[1] > most[1] ? one : most), ['', -1] as const)[0];
  }

  /** Deletes one result of a user, fetched ones first, then the oldest; false when there is none but `id`. */
  #evictFrom(user: string, id: string): boolean {
    const mine = [...this.#entries].filter(([other, entry]) => other !== id && entry.user === user);
    const [gone] = mine.find(([, entry]) => entry.fetched) ?? mine[0] ?? [];
    return gone !== undefined && this.delete(gone);
  }
}
