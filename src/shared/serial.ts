/** Runs tasks one after the other, in the order in which they came. A task that fails does not keep the next from running. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns what the task returns; rejects with what it throws */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when every task so far has ended, well or not. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
