/**
 * The queue of one process: jobs in memory, photos and a journal in a store, p-queue for the work.
 *
 *   submit -> [journal, blob store] -> queued -> processing -> delivering -> done
 */
import { DctoonError } from '../../shared/errors.ts';
import { exponentialBackoff } from '../../shared/retry.ts';
import { setDeadline, within } from '../../shared/timeout.ts';
import { cartoonKey } from '../../storage/blobs/types.ts';
import { MAX_ATTEMPTS } from '../attempts.ts';
import { DeliveryRetrier } from '../delivery.ts';
import { Events } from '../events.ts';
import { QueueFacade } from '../facade.ts';
import type { QueueOptions } from '../options.ts';
import { failure, loadOutcome, plain } from '../outcomes.ts';
import type { JobCounts, JobStatus, Platform, Processor, Queue, Responder } from '../types.ts';
import { Estimates } from './estimates.ts';
import { FairQueue } from './fair-queue.ts';
import { Intake } from './intake.ts';
import { JobDelivery } from './job-delivery.ts';
import { JobWorker } from './job-worker.ts';
import type { Journal, Recovered } from './journal.ts';
import { LiveJob } from './live-job.ts';
import { LiveJobs } from './live-jobs.ts';

export interface MemoryQueueOptions extends QueueOptions {
  readonly journal: Journal;
}

/** Opens the queue; with a journal, the jobs of the last process are taken over and go on when `process` is called. */
export async function createMemoryQueue(options: MemoryQueueOptions): Promise<Queue> {
  const recovered = await options.journal.recover();
  const queue = new MemoryQueue(options, recovered.finished);
  await queue.restore(recovered.entries);
  return queue;
}

class MemoryQueue extends QueueFacade implements Queue {
  readonly #options: MemoryQueueOptions;
  readonly #journal: Journal;
  protected readonly events: Events;
  readonly #retrier: DeliveryRetrier;
  readonly #estimates: Estimates;
  readonly #jobs: LiveJobs;
  protected readonly intake: Intake;
  readonly #worker: JobWorker;
  readonly #delivery: JobDelivery;
  readonly #recovered: LiveJob[] = [];

  constructor(options: MemoryQueueOptions, finished: readonly string[]) {
    super();
    const { blobs, journal, log, concurrency } = options;
    const fairQueue = new FairQueue();
    const events = new Events(log);
    const jobs = new LiveJobs(finished);
    this.#options = options;
    this.#journal = journal;
    this.events = events;
    this.#jobs = jobs;
    this.#retrier = new DeliveryRetrier({
      log,
      attempts: options.answerAttempts ?? 10,
      backoffMs: options.answerBackoffMs ?? exponentialBackoff,
    });
    const estimates = new Estimates({
      workers: concurrency,
      expectedMs: options.expectedMs ?? 2000,
      fairQueue,
      jobs,
    });
    this.#estimates = estimates;
    const enter = (live: LiveJob) => this.#enter(live);
    this.intake = new Intake({ limits: options, jobs, blobs, journal, estimates, events, enter });
    this.#delivery = new JobDelivery({ jobs, blobs, journal, retrier: this.#retrier, events, log });
    this.#worker = new JobWorker({
      concurrency,
      fairQueue,
      blobs,
      events,
      log,
      note: (live) => this.#note(live),
      settle: (live, outcome) => this.#delivery.settle(live, outcome),
      measured: (style, ms) => estimates.record(style, ms),
    });
  }

  /** Takes over the jobs of the last process; they wait for `process`. */
  async restore(entries: Recovered['entries']): Promise<void> {
    for (const { job, state, outcome: stored } of entries) {
      const attempt = state === 'processing' ? job.attempt + 1 : job.attempt;
      const live = new LiveJob({ ...job, attempt });
      if (stored) live.outcome = loadOutcome(stored, await this.#options.blobs.get(cartoonKey(job.id)));
      else if (attempt > MAX_ATTEMPTS) live.outcome = failure(new DctoonError('crashed', 'died too often'));
      this.#jobs.add(live);
      this.#recovered.push(live);
    }
  }

  status(id: string): JobStatus | undefined {
    const live = this.#jobs.get(id);
    return live && this.#estimates.status(live);
  }

  async updateReplyTarget(id: string, reply: unknown): Promise<boolean> {
    const live = this.#jobs.get(id);
    if (!live || live.over) return false;
    live.job = { ...live.job, reply: plain(reply) };
    await this.#note(live);
    return true;
  }

  async cancel(id: string, user?: string): Promise<boolean> {
    const live = this.#jobs.get(id);
    await live?.accepted.catch(() => {});
    if (!live || this.#jobs.get(id) !== live) return false;
    if (user !== undefined && live.job.user !== user) return false;
    return this.#stop(live, new DctoonError('cancelled'));
  }

  async cancelAll(user: string): Promise<number> {
    const mine = this.#jobs.ofUser(user);
    const cancelled = await Promise.all(mine.map(({ job }) => this.cancel(job.id, user)));
    return cancelled.filter(Boolean).length;
  }

  process(processor: Processor): void {
    for (const live of this.#recovered.splice(0)) this.#enter(live);
    this.#worker.start(processor);
  }

  onOutcome(platform: Platform, responder: Responder): void {
    this.#retrier.set(platform, responder);
  }

  counts(user?: string): JobCounts {
    return this.#jobs.counts(user);
  }

  estimate(user: string): number {
    return this.#estimates.next(user);
  }

  async drain(deadlineMs: number): Promise<number> {
    this.intake.close();
    await within(this.#jobs.empty(), deadlineMs);
    return this.#jobs.size;
  }

  /** A stored job is queued; one whose outcome was known before a restart is delivered. */
  #enter(live: LiveJob): void {
    this.events.emit('queued', { job: live.job });
    if (live.outcome) {
      this.#delivery.settle(live, live.outcome);
      return;
    }
    const { expiresAt } = live.job;
    if (expiresAt !== undefined) {
      live.expiry = setDeadline(expiresAt, () => this.#stop(live, new DctoonError('expired')));
    }
    this.#worker.enqueue(live);
  }

  /** Ends a queued or processing job with an error; false when its outcome is already decided. */
  #stop(live: LiveJob, error: DctoonError): boolean {
    if (live.state === 'delivering') return false;
    live.withdraw?.abort();
    live.abort.abort(error);
    this.#delivery.settle(live, failure(error));
    return true;
  }

  /** Journals the present state. Recovery could do without it: a failure is logged and harms nothing else. */
  #note(live: LiveJob): Promise<void> {
    return live.record(this.#journal).catch((error: unknown) => {
      this.#options.log.warn({ job: live.job.id, err: error }, 'journal entry failed');
    });
  }

  protected async closeOnce(): Promise<void> {
    const { closeMs = 5000 } = this.#options;
    const { durable } = this.#journal;
    this.intake.close();
    this.#worker.pause();
    const unfinished = this.#jobs.all().filter((live) => live.state !== 'delivering');
    for (const live of unfinished) {
      const error = new DctoonError('shutting_down');
      if (!durable) {
        this.#stop(live, error);
        continue;
      }
      clearTimeout(live.expiry);
      live.withdraw?.abort();
      live.abort.abort(error);
      // Interrupted by us, which is no failed attempt of the photo's: journalled as queued.
      live.enter('queued');
    }
    if (durable) {
      this.#retrier.stop();
      await Promise.all(unfinished.map((live) => this.#note(live)));
    }
    const quiet = Promise.all([this.#worker.idle(), this.#delivery.quiet()]);
    await within(quiet, closeMs);
    this.#retrier.stop();
    await this.#journal.close();
  }
}
