/**
 * Acknowledgements of interactions come before everything else: Discord gives up on them after 3 s, while photos can
 * wait a moment. With 200 commands at once, the downloads and uploads of the first people would otherwise take the
 * processor from the acknowledgements of the last.
 */
import { within } from '../../../shared/timeout.ts';

/** A stream of interactions that never pauses must not stop the work either. */
const LONGEST_WAIT_MS = 1500;

export class AckPriority {
  #open = 0;
  /** Settles when no acknowledgement is under way. */
  #allSent: Promise<void> = Promise.resolve();
  #onAllSent = () => {};

  /** Counts an acknowledgement that is under way. */
  async track<T>(acknowledgement: Promise<T>): Promise<T> {
    if (this.#open === 0) {
      this.#allSent = new Promise((resolve) => {
        this.#onAllSent = resolve;
      });
    }
    this.#open += 1;
    try {
      return await acknowledgement;
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#onAllSent();
    }
  }

  /** Resolves when no acknowledgement is under way, at the latest after 1.5 s. */
  async wait(): Promise<void> {
    if (this.#open > 0) await within(this.#allSent, LONGEST_WAIT_MS);
  }
}
