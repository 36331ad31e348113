/** Small counters that keep one client, or all of them together, from taking everything. */

/** Counts events per key in fixed windows. One window is kept, so memory is bounded by the clients of one window. */
export class FixedWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  #counts = new Map<string, number>();
  #window = 0;

  /** @param limit events per window and key; 0 = no limit */
  constructor(limit: number, windowMs: number, now: () => number = Date.now) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /**
   * Counts an event that costs as much as `cost` ordinary ones. Returns 0 when it is within the limit, else the seconds
   * until the next window.
   */
  hit(key: string, cost = 1): number {
    if (this.#limit === 0) return 0;
    const now = this.#now();
    const window = Math.floor(now / this.#windowMs);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(key) ?? 0) + cost;
    this.#counts.set(key, count);
    return count <= this.#limit ? 0 : Math.ceil(((window + 1) * this.#windowMs - now) / 1000);
  }
}

/**
 * A number of places, with an upper bound per key. When all are taken, somebody who has fewer gets one of whoever has
 * most: no crowd of greedy clients keeps a modest one out.
 */
export class Gate {
  readonly #total: number;
  readonly #perKey: number;
  /** What ends each place's use, by key, oldest first. */
  readonly #taken = new Map<string, Set<() => void>>();
  /** Places that are never given away. */
  readonly #fixed = new WeakSet<() => void>();
  #all = 0;

  constructor(total: number, perKey: number) {
    this.#total = total;
    this.#perKey = perKey;
  }

  /**
   * Takes a place. Returns the function that gives it back, or undefined when there is none.
   * @param onEvict called when the place is given to somebody who has fewer. Default: it never is
   */
  enter(key: string, onEvict?: () => void): (() => void) | undefined {
    const mine = this.#taken.get(key) ?? new Set();
    if (mine.size >= this.#perKey) return undefined;
    if (this.#all >= this.#total && !this.#evict(mine.size + 1)) return undefined;
    const evict = () => {
      leave();
      onEvict?.();
    };
    const leave = () => {
      if (!mine.delete(evict)) return;
      this.#all -= 1;
      if (mine.size === 0) this.#taken.delete(key);
    };
    this.#all += 1;
    this.#taken.set(key, mine.add(evict));
    if (!onEvict) this.#fixed.add(evict);
    return leave;
  }

  /** Ends the oldest use of the key that has most, if that is more than `fewer`. */
  #evict(fewer: number): boolean {
    let most: Set<() => void> | undefined;
    for (const places of this.#taken.values()) if (places.size > (most?.size ?? fewer)) most = places;
    const oldest = [...(most ?? [])].find((place) => !this.#fixed.has(place));
    oldest?.();
    return oldest !== undefined;
  }
}

/**
 * Bytes that may be held in memory, in all and per key. Slow senders cost only what they have really sent, and nobody
 * takes more than a share.
 */
export class ByteBudget {
  readonly #perKey: number;
  readonly #taken = new Map<string, number>();
  #free: number;

  constructor(bytes: number, perKey: number = bytes) {
    this.#free = bytes;
    this.#perKey = perKey;
  }

  take(bytes: number, key = ''): boolean {
    const mine = (this.#taken.get(key) ?? 0) + bytes;
    if (bytes > this.#free || mine > this.#perKey) return false;
    this.#free -= bytes;
    this.#taken.set(key, mine);
    return true;
  }

  give(bytes: number, key = ''): void {
    this.#free += bytes;
    const rest = (this.#taken.get(key) ?? 0) - bytes;
    if (rest > 0) this.#taken.set(key, rest);
    else this.#taken.delete(key);
  }
}
