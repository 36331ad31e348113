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

  /** Counts one event. Returns 0 when it is within the limit, else the seconds until the next window. */
  hit(key: string): number {
    if (this.#limit === 0) return 0;
    const now = this.#now();
    const window = Math.floor(now / this.#windowMs);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count <= this.#limit ? 0 : Math.ceil(((window + 1) * this.#windowMs - now) / 1000);
  }
}

/** A number of places, with an upper bound per key. */
export class Gate {
  readonly #total: number;
  readonly #perKey: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(total: number, perKey: number) {
    this.#total = total;
    this.#perKey = perKey;
  }

  /** Takes a place. Returns the function that gives it back, or undefined when there is none. */
  enter(key: string): (() => void) | undefined {
    const mine = this.#taken.get(key) ?? 0;
    if (this.#all >= this.#total || mine >= this.#perKey) return undefined;
    this.#all += 1;
    this.#taken.set(key, mine + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#all -= 1;
      const rest = (this.#taken.get(key) ?? 1) - 1;
      if (rest > 0) this.#taken.set(key, rest);
      else this.#taken.delete(key);
    };
  }
}

/** Bytes that may be held in memory. Slow senders cost only what they have really sent, so they cannot take places from others. */
export class ByteBudget {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#free) return false;
    this.#free -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#free += bytes;
  }
}
