/** The ids of the last `capacity` finished jobs: a repeated submission is recognised without remembering for ever. */
export class RecentIds {
  readonly #capacity: number;
  readonly #ids: Set<string>;

  constructor(capacity: number, ids: readonly string[] = []) {
    this.#capacity = capacity;
    this.#ids = new Set(ids.slice(-capacity));
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Oldest first. */
  [Symbol.iterator](): IterableIterator<string> {
    return this.#ids.values();
  }

  add(id: string): void {
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#capacity) break;
      this.#ids.delete(oldest);
    }
  }
}
