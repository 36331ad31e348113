/**
 * In a rush, acknowledgements come first: they are due within 3 s, while the photos can wait a moment. Downloads and
 * uploads of the first people must not take the processor from the acknowledgements of the last (issue 5: 200
 * commands at once, the worst within 2 s).
 */

/** A stream of interactions that never pauses must not stop the work either. */
const LONGEST_WAIT_MS = 1500;

export class AckPriority {
  #open = 0;
  readonly #waiting = new Set<() => void>();

  /** Counts an acknowledgement that is under way. */
  async track<T>(acknowledgement: Promise<T>): Promise<T> {
    this.#open += 1;
    try {
      return await acknowledgement;
    } finally {
      this.#open -= 1;
      if (this.#open === 0) for (const go of [...this.#waiting]) go();
    }
  }

  /** Resolves when no acknowledgement is under way, at the latest after 1.5 s. */
  async over(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.delete(go);
        resolve();
      };
      const timer = setTimeout(go, LONGEST_WAIT_MS);
      this.#waiting.add(go);
    });
  }
}
