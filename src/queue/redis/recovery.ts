/** Shows that this process lives, and does what processes that died left undone. */
import type { Logger } from '../../observability/logger.ts';
import { isJobId } from '../../shared/job-id.ts';
import { RESPONDER_WAIT_MS } from '../delivery.ts';
import type { Platform } from '../types.ts';
import type { BullQueue } from './bull-queue.ts';
import type { JobOwner } from './job-owner.ts';
import type { JobWorker } from './job-worker.ts';
import type { JobStore } from './store.ts';

export interface RecoveryOptions {
  readonly store: JobStore;
  readonly bullQueue: BullQueue;
  readonly worker: JobWorker;
  readonly owner: JobOwner;
  /** Those this process can answer on. */
  readonly platforms: ReadonlySet<Platform>;
  readonly leaseMs: number;
  readonly log: Logger;
  /** Ends a job with an error. */
  readonly settle: (id: string, code: 'expired' | 'internal') => Promise<void>;
}

/** A job that BullMQ does not know this long after its acceptance is added by somebody else. */
const PENDING_MS = 5000;
/** No photo takes longer (PHOTO_TIMEOUT_SECONDS is 600 at most): nobody works on what BullMQ does not know by then. */
const LOST_MS = 15 * 60_000;

export class Recovery {
  readonly #options: RecoveryOptions;
  #run: Promise<void> | undefined;
  #isClosing = false;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** The heartbeat, to be called every third of the lease. One at a time. */
  heartbeat(): Promise<void> {
    this.#run ??= this.#heartbeat().finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  /** Claims nothing more. */
  close(): void {
    this.#isClosing = true;
  }

  async #heartbeat(): Promise<void> {
    const { store, worker, leaseMs } = this.#options;
    for (const id of await store.heartbeat(leaseMs, worker.slots, worker.runs)) worker.abort(id, 'cancelled');
    await this.#settleOverdue();
    if (!this.#isClosing) await this.#claim();
  }

  async #settleOverdue(): Promise<void> {
    const { store, bullQueue, settle } = this.#options;
    const { pending, expired } = await store.overdue(PENDING_MS, LOST_MS);
    for (const { id, priority, label } of pending) {
      if (isJobId(id)) await bullQueue.add(id, priority, label);
      else await settle(id, 'internal');
      await store.markAdded(id);
    }
    for (const id of expired) await settle(id, 'expired');
  }

  async #claim(): Promise<void> {
    const { store, owner, platforms, leaseMs, log } = this.#options;
    const claimed = await store.claim(leaseMs, RESPONDER_WAIT_MS, [...platforms]);
    if (claimed.length > 0) log.info({ jobs: claimed.length }, 'claimed the jobs of a process that ended');
    await Promise.all(claimed.map((id) => owner.claim(id)));
  }
}
