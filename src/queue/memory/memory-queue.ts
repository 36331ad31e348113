import { DctoonError } from '../../shared/errors.ts';
import { checkJobId } from '../../shared/job-id.ts';
import { RecentIds } from '../../shared/recent-ids.ts';
import { exponentialBackoff } from '../../shared/retry.ts';
import { setDeadline, within } from '../../shared/timeout.ts';
import { type Bytes, cartoonKey, photoKey, sizeOf } from '../../storage/blobs/types.ts';
import { type Applicant, admit, tellingRefusals } from '../admission.ts';
import { MAX_ATTEMPTS } from '../attempts.ts';
import { DeliveryRetrier } from '../delivery.ts';
import { Events } from '../events.ts';
import type { QueueOptions } from '../options.ts';
import { failure, loadOutcome, plain, storeOutcome } from '../outcomes.ts';
import type {
  JobCounts,
  JobRequest,
  JobStatus,
  Outcome,
  Platform,
  Processor,
  Queue,
  QueueEvents,
  Responder,
  Submission,
} from '../types.ts';
import { Estimates } from './estimates.ts';
import { FairQueue } from './fair-queue.ts';
import { JobWorker } from './job-worker.ts';
import type { Journal, Recovered } from './journal.ts';
import { LiveJob } from './live-job.ts';

export interface MemoryQueueOptions extends QueueOptions {
  readonly journal: Journal;
}

/** More than photos of phones have. */
const LARGE_BYTES = 8e6;

/** A platform repeats an update within minutes, not after 10,000 photos. */
const REMEMBERED_IDS = 10_000;

/** Opens the queue; with a journal, the jobs of the last process are taken over and go on when `process` is called. */
export async function createMemoryQueue(options: MemoryQueueOptions): Promise<Queue> {
  const recovered = await options.journal.recover();
  const queue = new MemoryQueue(options, recovered.finished);
  await queue.restore(recovered.entries);
  return queue;
}

class MemoryQueue implements Queue {
  readonly #options: MemoryQueueOptions;
  readonly #journal: Journal;
  readonly #events: Events;
  readonly #retrier: DeliveryRetrier;
  readonly #estimates: Estimates;
  readonly #worker: JobWorker;
  readonly #jobs = new Map<string, LiveJob>();
  readonly #finished: RecentIds;
  readonly #deliveries = new Set<Promise<void>>();
  readonly #recovered: LiveJob[] = [];
  readonly #whenEmpty: (() => void)[] = [];
  /** Resolves when everything submitted so far is queued, or refused. */
  #intake: Promise<void> = Promise.resolve();
  #closing = false;
  #closed: Promise<void> | undefined;

  constructor(options: MemoryQueueOptions, finished: readonly string[]) {
    const fairQueue = new FairQueue();
    this.#options = options;
    this.#journal = options.journal;
    this.#events = new Events(options.log);
    this.#finished = new RecentIds(REMEMBERED_IDS, finished);
    this.#retrier = new DeliveryRetrier({
      log: options.log,
      attempts: options.answerAttempts ?? 10,
      backoffMs: options.answerBackoffMs ?? exponentialBackoff,
    });
    this.#estimates = new Estimates({
      workers: options.concurrency,
      expectedMs: options.expectedMs ?? 2000,
      fairQueue,
      jobs: this.#jobs,
    });
    this.#worker = new JobWorker({
      concurrency: options.concurrency,
      fairQueue,
      blobs: options.blobs,
      events: this.#events,
      log: options.log,
      note: (live) => this.#note(live),
      settle: (live, outcome) => this.#settle(live, outcome),
      measured: (style, ms) => this.#estimates.record(style, ms),
    });
  }

  /** Takes over the jobs of the last process; they wait for `process`. */
  async restore(entries: Recovered['entries']): Promise<void> {
    for (const { job, state, outcome: stored } of entries) {
      const attempt = state === 'processing' ? job.attempt + 1 : job.attempt;
      const live = new LiveJob({ ...job, attempt });
      if (stored) live.outcome = loadOutcome(stored, await this.#options.blobs.get(cartoonKey(job.id)));
      else if (attempt > MAX_ATTEMPTS) live.outcome = failure(new DctoonError('crashed', 'died too often'));
      this.#jobs.set(job.id, live);
      this.#recovered.push(live);
    }
  }

  check(job: Applicant): Promise<Submission | undefined> {
    return tellingRefusals(this.#events, job, async () => {
      const known = this.#known(job.id);
      if (!known) this.#admitOrThrow(job);
      return known;
    });
  }

  async known(id: string): Promise<Submission | undefined> {
    return this.#known(id);
  }

  submit(request: JobRequest, photo: Bytes): Promise<Submission> {
    return tellingRefusals(this.#events, request, async () => {
      // No await between the checks and `#jobs.set`, or two submissions could both pass.
      const known = this.#known(request.id);
      if (known) return known;
      this.#admitOrThrow(request);
      const live = new LiveJob({ ...plain(request), createdAt: Date.now(), attempt: 1 });
      live.isLarge = sizeOf(photo) > LARGE_BYTES;
      this.#jobs.set(request.id, live);
      live.accepted = this.#accept(live, photo, this.#intake);
      // Photos sent together are queued in the order in which they came, whichever is stored first.
      this.#intake = live.accepted.catch(() => {});
      await live.accepted;
      return { id: request.id, duplicate: false, ...this.#estimates.status(live) };
    });
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
    const mine = [...this.#jobs.values()].filter(({ job }) => job.user === user);
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

  on<E extends keyof QueueEvents>(event: E, listener: (payload: QueueEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  counts(user?: string): JobCounts {
    const counts = { queued: 0, processing: 0, delivering: 0 };
    for (const { job, state } of this.#jobs.values()) {
      if (user === undefined || job.user === user) counts[state] += 1;
    }
    return counts;
  }

  estimate(user: string): number {
    return this.#estimates.next(user);
  }

  async drain(deadlineMs: number): Promise<number> {
    this.#closing = true;
    const empty = new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    if (this.#jobs.size > 0) await within(empty, deadlineMs);
    return this.#jobs.size;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** The submission of a job that lives or was finished lately. */
  #known(id: string): Promise<Submission> | undefined {
    const live = this.#jobs.get(id);
    if (live) {
      // A repetition shares the fate of the first: it is not told "accepted" before that is true.
      return live.accepted.then(() => ({ id, duplicate: true, ...this.#estimates.status(live) }));
    }
    if (!this.#finished.has(id)) return undefined;
    return Promise.resolve({ id, duplicate: true, state: 'delivering', ahead: 0, etaMs: 0 });
  }

  /** Throws what stands against taking this job now. */
  #admitOrThrow(job: Applicant): void {
    checkJobId(job.id);
    const { queued, processing } = this.counts(job.user);
    admit(job, this.#options, {
      isClosing: this.#closing,
      live: this.#jobs.size,
      ofUser: queued + processing,
      soonestMs: () => this.#estimates.soonest(job.user),
      etaMs: this.estimate(job.user),
    });
  }

  async #accept(live: LiveJob, photo: Bytes, earlier: Promise<void>): Promise<void> {
    const { id } = live.job;
    try {
      await this.#options.blobs.put(photoKey(id), photo);
      await live.record(this.#journal);
    } catch (error) {
      this.#jobs.delete(id);
      this.#checkEmpty();
      await this.#options.blobs.delete(photoKey(id)).catch(() => {});
      throw DctoonError.from(error);
    }
    await earlier;
    this.#enter(live);
  }

  /** A stored job is queued; one whose outcome was known before a restart is delivered. */
  #enter(live: LiveJob): void {
    this.#events.emit('queued', { job: live.job });
    if (live.outcome) {
      this.#settle(live, live.outcome);
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
    this.#settle(live, failure(error));
    return true;
  }

  /** The outcome is decided: from here on only its delivery is missing. */
  #settle(live: LiveJob, outcome: Outcome): void {
    const workedMs = live.state === 'processing' ? Date.now() - live.since : 0;
    clearTimeout(live.expiry);
    live.enter('delivering');
    this.#events.emit('delivering', { job: live.job, outcome, workedMs });
    const delivery = this.#deliver(live, outcome).finally(() => this.#deliveries.delete(delivery));
    this.#deliveries.add(delivery);
  }

  async #deliver(live: LiveJob, outcome: Outcome): Promise<void> {
    const { blobs, log } = this.#options;
    const { id } = live.job;
    try {
      if (outcome.ok) await blobs.put(cartoonKey(id), outcome.cartoon.image);
      live.rendered = storeOutcome(outcome);
      await live.record(this.#journal);
    } catch (error) {
      // Not stored, but not lost either: it is delivered from memory, and processed again if the process dies first.
      log.warn({ job: id, err: error }, 'a result could not be stored');
    }
    const how = await this.#retrier.deliver(() => live.job, outcome);
    if (how === 'stopped') return;
    try {
      await live.finish(this.#journal, how);
      await Promise.all([blobs.delete(photoKey(id)), blobs.delete(cartoonKey(id))]);
    } catch (error) {
      log.error({ job: id, err: error }, 'a finished job could not be removed from the store');
    }
    this.#jobs.delete(id);
    this.#finished.add(id);
    if (how === 'done') this.#events.emit('done', { job: live.job, outcome });
    else this.#events.emit('failed', { job: live.job });
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#jobs.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Journals the present state. Recovery could do without it: a failure is logged and harms nothing else. */
  #note(live: LiveJob): Promise<void> {
    return live.record(this.#journal).catch((error: unknown) => {
      this.#options.log.warn({ job: live.job.id, err: error }, 'journal entry failed');
    });
  }

  async #close(): Promise<void> {
    const { closeMs = 5000 } = this.#options;
    const { durable } = this.#journal;
    this.#closing = true;
    this.#worker.pause();
    const unfinished = [...this.#jobs.values()].filter((live) => live.state !== 'delivering');
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
    const quiet = Promise.all([this.#worker.idle(), ...this.#deliveries]);
    await within(quiet, closeMs);
    this.#retrier.stop();
    await this.#journal.close();
  }
}
