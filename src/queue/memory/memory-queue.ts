/**
 * The queue of a single process: p-queue for the worker slots, a fair line in front of them, answers behind them.
 * With a durable journal and blob store nothing is lost when the process dies; without, jobs end with it.
 *
 *   submit -> [blob store, journal] -> waiting -> running -> answering -> over
 *
 * A handler is run again (at most 3 times in all) after `internal` only: something of ours broke, and may not break
 * again. `crashed` and `timeout` are final, because inference has already replaced the child and tried twice: a
 * photo that kills must not kill for ever (issue 6). A process that dies counts as an attempt as well.
 *
 * p-queue traps (measured, research/engineering.md, section 2): its `timeout`, and a signal aborted while the task
 * runs, free the slot although the task goes on. So neither is used: the slot is held until the handler returned.
 */
import PQueue from 'p-queue';
import type { Stage } from '../../inference/types.ts';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError } from '../../shared/errors.ts';
import { checkJobId } from '../../shared/job-id.ts';
import { RecentIds } from '../../shared/recent-ids.ts';
import { exponentialBackoff } from '../../shared/retry.ts';
import { within } from '../../shared/timeout.ts';
import { type BlobStore, cartoonKey, photoKey } from '../../storage/blobs/types.ts';
import { type Applicant, admit, tellingRefusals } from '../admission.ts';
import { DeliveryRetrier } from '../delivery.ts';
import { Events } from '../events.ts';
import { failure, loadOutcome, plain, storeOutcome } from '../outcomes.ts';
import type {
  JobCounts,
  JobRequest,
  JobRun,
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
import { type FairOptions, FairQueue, type Line, queueClassOf } from './fair-queue.ts';
import type { Journal, Recovered } from './journal.ts';
import { LiveJob } from './live-job.ts';

export interface MemoryQueueOptions {
  /** Handlers that run at the same time. */
  readonly concurrency: number;
  /** Live jobs in total: waiting, running and not yet answered. */
  readonly limit: number;
  /** Jobs one user may have waiting or running. */
  readonly limitPerUser: number;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  readonly log: Logger;
  /** Expected milliseconds per photo before any was measured. Default: 2000. */
  readonly expectedMs?: number;
  /** How often a responder may reject for one job. Default: 10. */
  readonly answerAttempts?: number;
  /** Milliseconds after the n-th rejection. Default: 1, 2, 4 ... 60 s. */
  readonly answerBackoffMs?: (rejections: number) => number;
  /** Longest time `close` waits for aborted handlers and running responders. Default: 5000. */
  readonly closeMs?: number;
}

const MAX_ATTEMPTS = 3;
/** A platform repeats an update within minutes, not after 10,000 photos. */
const REMEMBERED_IDS = 10_000;
/** Longest delay of a Node timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Opens the queue; with a journal, the jobs of the last process are taken over and go on when `work` is called. */
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
  readonly #pool: PQueue<Line, FairOptions>;
  readonly #live = new Map<string, LiveJob>();
  readonly #finished: RecentIds;
  readonly #deliveries = new Set<Promise<void>>();
  readonly #recovered: LiveJob[] = [];
  readonly #whenEmpty: (() => void)[] = [];
  /** Resolves when everything submitted so far is in line, or refused. */
  #intake: Promise<void> = Promise.resolve();
  #handler: Processor = () => Promise.reject(new DctoonError('internal', 'no handler'));
  #closing = false;
  #closed: Promise<void> | undefined;

  constructor(options: MemoryQueueOptions, finished: readonly string[]) {
    const line = new FairQueue();
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
      line,
      live: this.#live,
    });
    this.#pool = new PQueue({
      concurrency: options.concurrency,
      autoStart: false,
      queueClass: queueClassOf(line),
    });
  }

  /** Takes over the jobs of the last process; they wait for `work`. */
  async restore(entries: Recovered['entries']): Promise<void> {
    for (const { job, state, outcome: stored } of entries) {
      const attempt = state === 'processing' ? job.attempt + 1 : job.attempt;
      const entry = new LiveJob({ ...job, attempt });
      if (stored) entry.outcome = loadOutcome(stored, await this.#options.blobs.get(cartoonKey(job.id)));
      else if (attempt > MAX_ATTEMPTS) entry.outcome = failure(new DctoonError('crashed', 'died too often'));
      this.#live.set(job.id, entry);
      this.#recovered.push(entry);
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

  submit(request: JobRequest, photo: Uint8Array): Promise<Submission> {
    return tellingRefusals(this.#events, request, async () => {
      // No await between the checks and `#live.set`, or two submissions could both pass.
      const known = this.#known(request.id);
      if (known) return known;
      this.#admitOrThrow(request);
      const entry = new LiveJob({ ...plain(request), createdAt: Date.now(), attempt: 1 });
      this.#live.set(request.id, entry);
      entry.accepted = this.#accept(entry, photo, this.#intake);
      // Photos sent together enter the line in the order in which they came, whichever is stored first.
      this.#intake = entry.accepted.catch(() => {});
      await entry.accepted;
      return { id: request.id, duplicate: false, ...this.#estimates.status(entry) };
    });
  }

  status(id: string): JobStatus | undefined {
    const entry = this.#live.get(id);
    return entry && this.#estimates.status(entry);
  }

  async updateReplyTarget(id: string, reply: unknown): Promise<boolean> {
    const entry = this.#live.get(id);
    if (!entry || entry.over) return false;
    entry.job = { ...entry.job, reply: plain(reply) };
    await this.#note(entry);
    return true;
  }

  async cancel(id: string, user?: string): Promise<boolean> {
    const entry = this.#live.get(id);
    await entry?.accepted.catch(() => {});
    if (!entry || this.#live.get(id) !== entry) return false;
    if (user !== undefined && entry.job.user !== user) return false;
    return this.#stop(entry, new DctoonError('cancelled'));
  }

  process(handler: Processor): void {
    this.#handler = handler;
    for (const entry of this.#recovered.splice(0)) this.#admit(entry);
    this.#pool.start();
  }

  onOutcome(platform: Platform, responder: Responder): void {
    this.#retrier.set(platform, responder);
  }

  on<E extends keyof QueueEvents>(event: E, listener: (payload: QueueEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  counts(user?: string): JobCounts {
    const counts = { queued: 0, processing: 0, delivering: 0 };
    for (const { job, state } of this.#live.values()) {
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
    if (this.#live.size > 0) await within(empty, deadlineMs);
    return this.#live.size;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** The submission of a job that lives or was finished lately. */
  #known(id: string): Promise<Submission> | undefined {
    const entry = this.#live.get(id);
    if (entry) {
      // A repetition shares the fate of the first: it is not told "accepted" before that is true.
      return entry.accepted.then(() => ({ id, duplicate: true, ...this.#estimates.status(entry) }));
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
      live: this.#live.size,
      ofUser: queued + processing,
      soonestMs: () => this.#estimates.soonest(job.user),
      etaMs: this.estimate(job.user),
    });
  }

  async #accept(entry: LiveJob, photo: Uint8Array, earlier: Promise<void>): Promise<void> {
    const { id } = entry.job;
    try {
      await this.#options.blobs.put(photoKey(id), photo);
      await entry.record(this.#journal);
    } catch (error) {
      this.#live.delete(id);
      this.#checkEmpty();
      await this.#options.blobs.delete(photoKey(id)).catch(() => {});
      throw DctoonError.from(error);
    }
    await earlier;
    this.#admit(entry);
  }

  /** A stored job enters the line; one that was rendered before a restart goes on to its answer. */
  #admit(entry: LiveJob): void {
    this.#events.emit('queued', { job: entry.job });
    if (entry.outcome) {
      this.#settle(entry, entry.outcome);
      return;
    }
    const { expiresAt } = entry.job;
    if (expiresAt !== undefined) {
      const delayMs = Math.min(Math.max(0, expiresAt - Date.now()), LONGEST_TIMER_MS);
      entry.expiry = setTimeout(() => this.#stop(entry, new DctoonError('expired')), delayMs);
      entry.expiry.unref();
    }
    this.#enqueue(entry);
  }

  #enqueue(entry: LiveJob): void {
    const { id, user } = entry.job;
    const withdraw = new AbortController();
    entry.withdraw = withdraw;
    entry.enter('queued');
    this.#pool
      .add(() => this.#run(entry), { id, user, signal: withdraw.signal })
      .catch((error: unknown) => {
        if (!withdraw.signal.aborted) this.#options.log.error({ job: id, err: error }, 'a run broke');
      });
  }

  async #run(entry: LiveJob): Promise<void> {
    const { job, since } = entry;
    entry.withdraw = undefined;
    // The slot became free in the very moment in which the time ran out; the timer is only a little later.
    if (job.expiresAt !== undefined && job.expiresAt <= Date.now()) {
      this.#stop(entry, new DctoonError('expired'));
      return;
    }
    entry.enter('processing');
    this.#events.emit('processing', { job, waitedMs: Date.now() - since });
    const [outcome] = await Promise.all([this.#work(entry), this.#note(entry)]);
    // Cancelled, expired or closed meanwhile: that was the outcome, whatever the handler still made of it.
    if (entry.abort.signal.aborted) return;
    if (!outcome.ok && outcome.error.code === 'internal' && job.attempt < MAX_ATTEMPTS) {
      this.#options.log.warn({ job: job.id, attempt: job.attempt, err: outcome.error }, 'trying again');
      entry.job = { ...entry.job, attempt: job.attempt + 1 };
      entry.stage = undefined;
      this.#enqueue(entry);
    } else {
      this.#settle(entry, outcome);
    }
  }

  /** Runs the handler, which holds the worker slot until it returns, aborted or not. */
  async #work(entry: LiveJob): Promise<Outcome> {
    const { job, abort } = entry;
    const { signal } = abort;
    const report = (stage: Stage) => {
      if (signal.aborted) return;
      entry.stage = stage;
      this.#events.emit('progress', { job: entry.job, stage });
    };
    try {
      const photo = await this.#options.blobs.get(photoKey(job.id));
      if (!photo) throw new DctoonError('internal', 'the photo is no longer stored');
      const task: JobRun = { job, photo, signal, report };
      const startedAt = performance.now();
      const cartoon = await this.#handler(task);
      if (!signal.aborted) this.#estimates.record(job.style, performance.now() - startedAt);
      return { ok: true, cartoon };
    } catch (error) {
      return failure(DctoonError.from(error));
    }
  }

  /** Ends a waiting or running job with an error; false when its outcome is already decided. */
  #stop(entry: LiveJob, error: DctoonError): boolean {
    if (entry.state === 'delivering') return false;
    entry.withdraw?.abort();
    entry.abort.abort(error);
    this.#settle(entry, failure(error));
    return true;
  }

  /** The outcome is decided: from here on only the answer is missing. */
  #settle(entry: LiveJob, outcome: Outcome): void {
    const workedMs = entry.state === 'processing' ? Date.now() - entry.since : 0;
    clearTimeout(entry.expiry);
    entry.enter('delivering');
    this.#events.emit('delivering', { job: entry.job, outcome, workedMs });
    const delivery = this.#deliver(entry, outcome).finally(() => this.#deliveries.delete(delivery));
    this.#deliveries.add(delivery);
  }

  async #deliver(entry: LiveJob, outcome: Outcome): Promise<void> {
    const { blobs, log } = this.#options;
    const { id } = entry.job;
    try {
      if (outcome.ok) await blobs.put(cartoonKey(id), outcome.cartoon.image);
      entry.rendered = storeOutcome(outcome);
      await entry.record(this.#journal);
    } catch (error) {
      // Not stored, but not lost either: it is answered from memory, and drawn again if the process dies first.
      log.warn({ job: id, err: error }, 'a result could not be stored');
    }
    const how = await this.#retrier.deliver(() => entry.job, outcome);
    if (how === 'stopped') return;
    try {
      await entry.finish(this.#journal, how);
      await Promise.all([blobs.delete(photoKey(id)), blobs.delete(cartoonKey(id))]);
    } catch (error) {
      log.error({ job: id, err: error }, 'a finished job could not be removed from the store');
    }
    this.#live.delete(id);
    this.#finished.add(id);
    if (how === 'done') this.#events.emit('done', { job: entry.job, outcome });
    else this.#events.emit('failed', { job: entry.job });
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#live.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Journals the present state. Recovery could do without it: a failure is logged and harms nothing else. */
  #note(entry: LiveJob): Promise<void> {
    return entry.record(this.#journal).catch((error: unknown) => {
      this.#options.log.warn({ job: entry.job.id, err: error }, 'journal entry failed');
    });
  }

  async #close(): Promise<void> {
    const { closeMs = 5000 } = this.#options;
    const { durable } = this.#journal;
    this.#closing = true;
    this.#pool.pause();
    const unfinished = [...this.#live.values()].filter((entry) => entry.state !== 'delivering');
    for (const entry of unfinished) {
      const error = new DctoonError('shutting_down');
      if (!durable) {
        this.#stop(entry, error);
        continue;
      }
      clearTimeout(entry.expiry);
      entry.withdraw?.abort();
      entry.abort.abort(error);
      // Interrupted by us, which is no failed attempt of the photo's: journalled as waiting.
      entry.enter('queued');
    }
    if (durable) {
      this.#retrier.stop();
      await Promise.all(unfinished.map((entry) => this.#note(entry)));
    }
    const quiet = Promise.all([this.#pool.onPendingZero(), ...this.#deliveries]);
    await within(quiet, closeMs);
    this.#retrier.stop();
    await this.#journal.close();
  }
}
