/**
 * The queue of many processes: BullMQ on Redis for the order of jobs, the locks and the recovery of what dead workers
 * had in work; small scripts for what BullMQ does not have (turns by user, limits of the whole service, one delivery
 * for every photo). Any process may take photos in, work on them, deliver, or do several of these.
 *
 *   submit -> [blob store, Redis] -> queued -> processing, by any worker -> delivering, by the job's owner -> done
 *
 * Once `submit` has resolved, a photo survives the death of any process: its worker's (processed again elsewhere, at
 * most three times), its owner's (another bot delivers), and with an append-only file that of Redis.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DctoonError, type ErrorCode } from '../../shared/errors.ts';
import { checkJobId } from '../../shared/job-id.ts';
import { exponentialBackoff } from '../../shared/retry.ts';
import { within } from '../../shared/timeout.ts';
import { type Bytes, photoKey } from '../../storage/blobs/types.ts';
import { asDctoonError, type RedisConnections } from '../../storage/redis-connections.ts';
import { type Applicant, admit, refusal, tellingRefusals } from '../admission.ts';
import { DeliveryRetrier } from '../delivery.ts';
import { Events } from '../events.ts';
import type { QueueOptions } from '../options.ts';
import { failure, plain } from '../outcomes.ts';
import type {
  JobCounts,
  JobRequest,
  JobStatus,
  Platform,
  Processor,
  Queue,
  QueueEvents,
  Responder,
  Submission,
} from '../types.ts';
import { BullQueue } from './bull-queue.ts';
import { JobOwner } from './job-owner.ts';
import { JobWorker } from './job-worker.ts';
import type { JobRow, Settlement } from './records.ts';
import { Recovery } from './recovery.ts';
import { listen, type Signal } from './signals.ts';
import { QueueSnapshot } from './snapshot.ts';
import { NO_STEP } from './step.ts';
import { JobStore } from './store.ts';

/** `limit` and `limitPerUser` are those of the whole service; `blobs` must be reachable by all processes. */
export interface RedisQueueOptions extends QueueOptions {
  /** Stay open until after `close`. */
  readonly redis: RedisConnections;
  /**
   * Milliseconds after which a process that gave no sign of life is taken for dead, and others claim its jobs. Default:
   * 15,000; the event loop must never stand still for that long.
   */
  readonly leaseMs?: number;
}

/** How often a process reads the state of the queue. */
const REFRESH_MS = 1000;
export async function createRedisQueue(options: RedisQueueOptions): Promise<Queue> {
  const { redis, log, leaseMs = 15_000 } = options;
  const bullQueue = await BullQueue.open({ redis, leaseMs, log });
  const queue = new RedisQueue(options, bullQueue, leaseMs);
  await queue.open();
  return queue;
}

class RedisQueue implements Queue {
  readonly #options: RedisQueueOptions;
  readonly #leaseMs: number;
  readonly #store: JobStore;
  readonly #bullQueue: BullQueue;
  readonly #events: Events;
  readonly #retrier: DeliveryRetrier;
  readonly #owner: JobOwner;
  readonly #worker: JobWorker;
  readonly #snapshot: QueueSnapshot;
  readonly #recovery: Recovery;
  readonly #platforms = new Set<Platform>();
  /** The last acceptance under way, by user. */
  readonly #intake = new Map<string, Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];
  #unlisten = async () => {};
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(options: RedisQueueOptions, bullQueue: BullQueue, leaseMs: number) {
    const { redis, blobs, log, concurrency, expectedMs = 2000 } = options;
    const { answerAttempts = 10, answerBackoffMs: backoffMs = exponentialBackoff } = options;
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#bullQueue = bullQueue;
    const store = new JobStore(redis, randomUUID());
    this.#store = store;
    this.#events = new Events(log);
    this.#retrier = new DeliveryRetrier({ log, attempts: answerAttempts, backoffMs });
    this.#owner = new JobOwner({
      store,
      blobs,
      retrier: this.#retrier,
      events: this.#events,
      log,
      answerAttempts,
      backoffMs,
      expire: (id) => this.#background(this.#decide(id, 'expired')),
      refresh: () => this.#snapshot.refreshOnly(),
    });
    this.#snapshot = new QueueSnapshot({
      store,
      expectedMs,
      ownIds: () => this.#owner.ids,
      apply: (rows) => this.#owner.apply(rows),
    });
    const onStart = () => (this.#owner.size > 0 ? this.#snapshot.refresh() : Promise.resolve());
    this.#worker = new JobWorker({ concurrency, store, bullQueue, blobs, log, onStart });
    this.#recovery = new Recovery({
      store,
      bullQueue,
      worker: this.#worker,
      owner: this.#owner,
      platforms: this.#platforms,
      leaseMs,
      log,
      settle: (id, code) => this.#decide(id, code),
    });
  }

  async open(): Promise<void> {
    const { redis, log } = this.#options;
    const migrated = await this.#store.migrate();
    if (migrated > 0) log.info({ jobs: migrated }, 'took over the jobs of version 0.1');
    this.#unlisten = await listen(redis, this.#store.instance, log, (signal) => this.#receive(signal));
    await this.#recovery.heartbeat();
    await this.#snapshot.refresh();
    this.#timers.push(
      setInterval(() => this.#background(this.#recovery.heartbeat()), this.#leaseMs / 3).unref(),
      setInterval(() => this.#background(this.#snapshot.refresh()), REFRESH_MS).unref(),
    );
  }

  check(job: Applicant): Promise<Submission | undefined> {
    return tellingRefusals(this.#events, job, () => this.#check(job));
  }

  async known(id: string): Promise<Submission | undefined> {
    const [row] = (await this.#store.stateFailFast([id], [])).jobs;
    return row && this.#submissionOf(row);
  }

  submit(request: JobRequest, photo: Bytes): Promise<Submission> {
    return tellingRefusals(this.#events, request, async () => {
      const { id, user } = request;
      // Photos sent together are queued in the order in which they came, whichever is stored first.
      const earlier = this.#intake.get(user);
      const accepted = this.#accept(plain(request), photo, earlier);
      const settled = accepted.then(
        () => {},
        () => {},
      );
      this.#intake.set(user, settled);
      try {
        const known = await accepted;
        if (known) return known;
      } finally {
        if (this.#intake.get(user) === settled) this.#intake.delete(user);
      }
      await this.#snapshot.refreshOnly([id], [user]);
      const status = this.status(id) ?? { state: 'delivering', ahead: 0, etaMs: 0 };
      return { id, duplicate: false, ...status };
    });
  }

  status(id: string): JobStatus | undefined {
    const owned = this.#owner.get(id);
    return owned && this.#snapshot.status(owned.place, owned.job.style);
  }

  async updateReplyTarget(id: string, reply: unknown): Promise<boolean> {
    if (!this.#owner.updateReplyTarget(id, plain(reply))) return false;
    return this.#store.updateReplyTarget(id, reply);
  }

  async cancel(id: string, user?: string): Promise<boolean> {
    const outcome = failure(new DctoonError('cancelled'));
    const settlement = await this.#store.cancel(id, user, outcome);
    if (!settlement) return false;
    await this.#decided(id, 'cancelled', settlement);
    return true;
  }

  async cancelAll(user: string): Promise<number> {
    const ids = await this.#store.undecided(user);
    const cancelled = await Promise.all(ids.map((id) => this.cancel(id, user)));
    return cancelled.filter(Boolean).length;
  }

  process(processor: Processor): void {
    this.#worker.work(processor);
    this.#background(this.#recovery.heartbeat());
  }

  onOutcome(platform: Platform, responder: Responder): void {
    this.#platforms.add(platform);
    this.#retrier.set(platform, responder);
    this.#background(this.#recovery.heartbeat());
  }

  on<E extends keyof QueueEvents>(event: E, listener: (payload: QueueEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  counts(user?: string): JobCounts {
    return user === undefined ? this.#snapshot.counts : this.#owner.counts(user);
  }

  estimate(user: string): number {
    return this.#snapshot.next(user);
  }

  /** A worker goes on until the jobs this process owns are delivered; then it takes nothing more. */
  async drain(deadlineMs: number): Promise<number> {
    this.#isClosing = true;
    const stop = new AbortController();
    const finished = (async () => {
      while (this.#owner.size > 0 && !stop.signal.aborted) await sleep(20);
      if (!stop.signal.aborted) await this.#worker.stop();
    })();
    await within(finished, deadlineMs);
    stop.abort();
    const others = this.#worker.runs.filter((id) => !this.#owner.get(id));
    return this.#owner.size + others.length;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #accept(
    request: JobRequest,
    photo: Bytes,
    earlier: Promise<void> | undefined,
  ): Promise<Submission | undefined> {
    const { blobs, limit, limitPerUser, log } = this.#options;
    const known = await this.#check(request);
    if (known) return known;
    const { reply, ...rest } = request;
    const { id, user, platform, style } = request;
    const job = { ...rest, createdAt: Date.now() };
    try {
      await blobs.put(photoKey(id), photo);
    } catch (error) {
      throw asDctoonError(error);
    }
    await earlier;
    const submission = await this.#store.submit({
      job,
      reply,
      nonce: randomUUID(),
      limit,
      limitPerUser,
    });
    if (submission.kind === 'known') return this.#check(request);
    if (submission.kind !== 'queued') {
      await blobs.delete(photoKey(id)).catch(() => {});
      await this.#check(request);
      // It was full a moment ago.
      throw refusal(submission.kind, 1000, submission.kind === 'queue_full' ? limit : limitPerUser);
    }
    // From here on the photo is safe. What follows is done by another process if this one dies.
    this.#owner.hold(
      { ...job, reply, attempt: 1 },
      { state: 'queued', since: Date.now(), step: NO_STEP, ahead: 0 },
    );
    await this.#bullQueue.add(id, submission.priority, { user, platform, style });
    this.#store
      .markAdded(id)
      .catch((error: unknown) => log.debug({ job: id, err: error }, 'will be added again'));
    return undefined;
  }

  /** The submission of a job that is known; else throws what stands against taking it now. */
  async #check(job: Applicant): Promise<Submission | undefined> {
    const { id, user } = job;
    checkJobId(id);
    const state = await this.#store.stateFailFast([id], [user]);
    this.#snapshot.update(state, [user]);
    const [row] = state.jobs;
    const known = row && this.#submissionOf(row);
    if (known) return known;
    const { queued = 0, processing = 0 } = state.users[0] ?? {};
    const counts = this.#snapshot.counts;
    const etaMs = this.#snapshot.next(user);
    admit(job, this.#options, {
      isClosing: this.#isClosing,
      live: counts.queued + counts.processing + counts.delivering,
      ofUser: queued + processing,
      soonestMs: () => (processing > 0 ? this.#snapshot.expect() : etaMs),
      etaMs,
    });
    return undefined;
  }

  #submissionOf(row: JobRow): Submission | undefined {
    return row.state ? { id: row.id, duplicate: true, ...this.#snapshot.status(row, '') } : undefined;
  }

  #receive(signal: Signal): void {
    const [kind, id] = signal;
    if (kind === 'abort') this.#worker.abort(id, signal[2]);
    else this.#owner.receive(signal);
  }

  /** Ends a queued or processing job with an error. */
  async #decide(id: string, code: ErrorCode): Promise<void> {
    const settlement = await this.#store.settle(id, failure(new DctoonError(code)));
    if (settlement) await this.#decided(id, code, settlement);
  }

  async #decided(id: string, code: ErrorCode, { was, moved }: Settlement): Promise<void> {
    if (was === 'processing') {
      this.#worker.abort(id, code);
    } else {
      await this.#bullQueue.remove(id);
      await this.#bullQueue.reprioritize(moved);
    }
    await this.#snapshot.refresh();
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#closed) this.#options.log.warn({ err: error }, 'Redis refused a step');
    });
  }

  async #close(): Promise<void> {
    const { closeMs = 5000, log } = this.#options;
    this.#isClosing = true;
    this.#recovery.close();
    this.#worker.interrupt();
    const quiet = Promise.all([this.#worker.stop(), this.#owner.quiet()]);
    const isQuiet = await within(quiet, closeMs);
    for (const timer of this.#timers) clearInterval(timer);
    this.#retrier.stop();
    this.#owner.stop();
    const deregistered = (async () => {
      await this.#unlisten();
      await this.#bullQueue.close(!isQuiet);
      await this.#store.deregister();
    })();
    // Without Redis nobody can be told; the others will find this process dead after its lease.
    const isTold = await within(
      deregistered.catch((error: unknown) => log.warn({ err: error }, 'could not deregister')),
      closeMs,
    );
    if (!isTold) log.warn('ended without deregistering: Redis did not answer in time');
  }
}
