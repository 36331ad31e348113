/**
 * The worker slots of the in-process queue: p-queue, with the fair queue for its order.
 *
 * To know about p-queue: its `timeout`, and a signal aborted while a task runs, free the slot although the task goes
 * on. So neither is used: the slot is held until the processor returned.
 */
import PQueue from 'p-queue';
import type { OnProgress } from '../../inference/types.ts';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError } from '../../shared/errors.ts';
import { type BlobStore, photoKey } from '../../storage/blobs/types.ts';
import { mayTryAgain } from '../attempts.ts';
import type { Events } from '../events.ts';
import { failure } from '../outcomes.ts';
import type { Outcome, Processor } from '../types.ts';
import { type FairOptions, type FairQueue, type JobOrder, queueClassOf } from './fair-queue.ts';
import type { LiveJob } from './live-job.ts';

export interface JobWorkerOptions {
  readonly concurrency: number;
  readonly fairQueue: FairQueue;
  readonly blobs: BlobStore;
  readonly events: Events;
  readonly log: Logger;
  /** Writes the state of a job down; never rejects. */
  readonly note: (live: LiveJob) => Promise<void>;
  /** The outcome of a job is decided. */
  readonly settle: (live: LiveJob, outcome: Outcome) => void;
  /** A photo of this style took so long. */
  readonly measured: (style: string, ms: number) => void;
}

export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #slots: PQueue<JobOrder, FairOptions>;
  #processor: Processor = () => Promise.reject(new DctoonError('internal', 'no processor'));

  constructor(options: JobWorkerOptions) {
    this.#options = options;
    this.#slots = new PQueue({
      concurrency: options.concurrency,
      autoStart: false,
      queueClass: queueClassOf(options.fairQueue),
    });
  }

  start(processor: Processor): void {
    this.#processor = processor;
    this.#slots.start();
  }

  enqueue(live: LiveJob): void {
    const { id, user } = live.job;
    const withdraw = new AbortController();
    live.withdraw = withdraw;
    live.enter('queued');
    this.#slots
      .add(() => this.#run(live), { id, user, isLarge: live.isLarge, signal: withdraw.signal })
      .catch((error: unknown) => {
        if (!withdraw.signal.aborted) this.#options.log.error({ job: id, err: error }, 'a run broke');
      });
  }

  /** Starts nothing more. */
  pause(): void {
    this.#slots.pause();
  }

  /** Resolves when no processor runs. */
  async idle(): Promise<void> {
    await this.#slots.onPendingZero();
  }

  async #run(live: LiveJob): Promise<void> {
    const { events, log, note, settle } = this.#options;
    const { job, since } = live;
    live.withdraw = undefined;
    // The slot became free in the very moment in which the time ran out; the timer is only a little later.
    if (job.expiresAt !== undefined && job.expiresAt <= Date.now()) {
      settle(live, failure(new DctoonError('expired')));
      return;
    }
    live.enter('processing');
    events.emit('processing', { job, waitedMs: Date.now() - since });
    const [outcome] = await Promise.all([this.#process(live), note(live)]);
    // Cancelled, expired or closed meanwhile: that was the outcome, whatever the processor still made of it.
    if (live.abort.signal.aborted) return;
    if (!outcome.ok && mayTryAgain(outcome, job.attempt)) {
      log.warn({ job: job.id, attempt: job.attempt, err: outcome.error }, 'trying again');
      live.job = { ...live.job, attempt: job.attempt + 1 };
      live.stage = live.faces = undefined;
      this.enqueue(live);
    } else {
      settle(live, outcome);
    }
  }

  /** Runs the processor, which holds the worker slot until it returns, aborted or not. */
  async #process(live: LiveJob): Promise<Outcome> {
    const { blobs, events, measured } = this.#options;
    const { job, abort } = live;
    const { signal } = abort;
    const report: OnProgress = (stage, faces) => {
      if (signal.aborted) return;
      live.stage = stage;
      live.faces = faces;
      events.emit('progress', { job: live.job, stage, ...(faces && { faces }) });
    };
    try {
      const photo = await blobs.get(photoKey(job.id));
      if (!photo) throw new DctoonError('internal', 'the photo is no longer stored');
      const startedAt = performance.now();
      const cartoon = await this.#processor({ job, photo, signal, report });
      if (!signal.aborted) measured(job.style, performance.now() - startedAt);
      return { ok: true, cartoon };
    } catch (error) {
      return failure(DctoonError.from(error));
    }
  }
}
