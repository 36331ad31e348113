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

/** Runs the tasks of each key one after the other, and those of different keys at the same time. Idle keys take no memory. */
export class SerialByKey<Key> {
  readonly #tasks = new Map<Key, { readonly serial: Serial; open: number }>();

  /** @returns what the task returns; rejects with what it throws */
  async run<T>(key: Key, task: () => Promise<T>): Promise<T> {
    let tasks = this.#tasks.get(key);
    if (!tasks) {
      tasks = { serial: new Serial(), open: 0 };
      this.#tasks.set(key, tasks);
    }
    tasks.open += 1;
    try {
      return await tasks.serial.run(task);
    } finally {
      tasks.open -= 1;
      if (tasks.open === 0) this.#tasks.delete(key);
    }
  }
}
