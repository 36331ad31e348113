/** Ends jobs that are queued or being processed, anywhere: cancelled by their users, expired, or damaged. */
import { DctoonError, type ErrorCode } from '../../shared/errors.ts';
import { failure } from '../outcomes.ts';
import type { BullQueue } from './bull-queue.ts';
import type { JobWorker } from './job-worker.ts';
import type { Settlement } from './records.ts';
import type { JobStore } from './store.ts';

export interface JobStopperOptions {
  readonly store: JobStore;
  readonly bullQueue: BullQueue;
  readonly worker: JobWorker;
  /** Reads the state of the queue again. */
  readonly refresh: () => Promise<void>;
}

export class JobStopper {
  readonly #options: JobStopperOptions;

  constructor(options: JobStopperOptions) {
    this.#options = options;
  }

  /** As `Queue.cancel`. @throws DctoonError `internal` when Redis does not answer */
  async cancel(id: string, user?: string): Promise<boolean> {
    const outcome = failure(new DctoonError('cancelled'));
    const settlement = await this.#options.store.cancel(id, user, outcome);
    if (!settlement) return false;
    await this.#stopped(id, 'cancelled', settlement);
    return true;
  }

  /** As `Queue.cancelAll`. @throws DctoonError `internal` when Redis does not answer */
  async cancelAll(user: string): Promise<number> {
    const ids = await this.#options.store.undecided(user);
    const cancelled = await Promise.all(ids.map((id) => this.cancel(id, user)));
    return cancelled.filter(Boolean).length;
  }

  /** Ends a job with this error, if its outcome is not decided. */
  async stop(id: string, code: ErrorCode): Promise<void> {
    const settlement = await this.#options.store.settle(id, failure(new DctoonError(code)));
    if (settlement) await this.#stopped(id, code, settlement);
  }

  /** What follows for its worker, or for the order of the others. */
  async #stopped(id: string, code: ErrorCode, { was, moved }: Settlement): Promise<void> {
    const { worker, bullQueue, refresh } = this.#options;
    if (was === 'processing') {
      worker.abort(id, code);
    } else {
      await bullQueue.remove(id);
      await bullQueue.reprioritize(moved);
    }
    await refresh();
  }
}
