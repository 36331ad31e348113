/** From a decided outcome to its delivery: the outcome is stored, the platform is answered, the job and its files go. */
import type { Logger } from '../../observability/logger.ts';
import { OpenWork } from '../../shared/open-work.ts';
import { type BlobStore, cartoonKey, photoKey } from '../../storage/blobs/types.ts';
import type { DeliveryRetrier } from '../delivery.ts';
import type { Events } from '../events.ts';
import { storeOutcome } from '../outcomes.ts';
import type { Outcome } from '../types.ts';
import type { Journal } from './journal.ts';
import type { LiveJob } from './live-job.ts';
import type { LiveJobs } from './live-jobs.ts';

export interface JobDeliveryOptions {
  readonly jobs: LiveJobs;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  readonly retrier: DeliveryRetrier;
  readonly events: Events;
  readonly log: Logger;
}

export class JobDelivery {
  readonly #options: JobDeliveryOptions;
  readonly #open = new OpenWork();

  constructor(options: JobDeliveryOptions) {
    this.#options = options;
  }

  /** The outcome is decided: from here on only its delivery is missing. */
  settle(live: LiveJob, outcome: Outcome): void {
    const workedMs = live.state === 'processing' ? Date.now() - live.since : 0;
    clearTimeout(live.expiry);
    live.enter('delivering');
    this.#options.events.emit('delivering', { job: live.job, outcome, workedMs });
    void this.#open.add(this.#deliver(live, outcome));
  }

  /** Resolves when no delivery is under way. */
  quiet(): Promise<void> {
    return this.#open.allEnd();
  }

  async #deliver(live: LiveJob, outcome: Outcome): Promise<void> {
    const { jobs, blobs, journal, retrier, events, log } = this.#options;
    const { id } = live.job;
    try {
      if (outcome.ok) await blobs.put(cartoonKey(id), outcome.cartoon.image);
      live.rendered = storeOutcome(outcome);
      await live.record(journal);
    } catch (error) {
      // Not stored, but not lost either: it is delivered from memory, and processed again if the process dies first.
      log.warn({ job: id, err: error }, 'a result could not be stored');
    }
    const how = await retrier.deliver(() => live.job, outcome);
    if (how === 'stopped') return;
    try {
      await live.finish(journal, how);
      await Promise.all([blobs.delete(photoKey(id)), blobs.delete(cartoonKey(id))]);
    } catch (error) {
      log.error({ job: id, err: error }, 'a finished job could not be removed from the store');
    }
    jobs.finish(id);
    if (how === 'done') events.emit('done', { job: live.job, outcome });
    else events.emit('failed', { job: live.job });
  }
}
