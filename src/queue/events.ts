/** The queue's events: typed, and a listener that throws harms nobody but itself. */
import { EventEmitter } from 'node:events';
import type { Logger } from '../observability/logger.ts';
import type { QueueEvents } from './types.ts';

export class Events {
  readonly #log: Logger;
  readonly #emitter = new EventEmitter();

  constructor(log: Logger) {
    this.#log = log;
    // One listener per waiting web request is normal, not a leak.
    this.#emitter.setMaxListeners(0);
  }

  /** @returns a function that removes the listener */
  on<E extends keyof QueueEvents>(event: E, listener: (payload: QueueEvents[E]) => void): () => void {
    const guarded = (payload: QueueEvents[E]) => {
      try {
        listener(payload);
      } catch (error) {
        this.#log.error({ event, err: error }, 'a queue listener threw');
      }
    };
    this.#emitter.on(event, guarded);
    return () => this.#emitter.off(event, guarded);
  }

  emit<E extends keyof QueueEvents>(event: E, payload: QueueEvents[E]): void {
    this.#emitter.emit(event, payload);
  }
}
