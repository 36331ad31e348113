/** Work that is under way and nobody waits for one by one. */
export class OpenWork {
  readonly #open = new Set<Promise<void>>();

  get size(): number {
    return this.#open.size;
  }

  /** Counts it until it ends, well or not. @returns the same promise: its error is the caller's */
  add<T>(work: Promise<T>): Promise<T> {
    const ended: Promise<void> = work
      .then(
        () => {},
        () => {},
      )
      .finally(() => this.#open.delete(ended));
    this.#open.add(ended);
    return work;
  }

  /** Resolves when one of what is open ends; at once when nothing is. */
  async oneEnds(): Promise<void> {
    if (this.#open.size > 0) await Promise.race(this.#open);
  }

  /** Resolves when nothing is open, what is added meanwhile included. */
  async allEnd(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }
}
