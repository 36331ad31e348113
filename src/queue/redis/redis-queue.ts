/**
 * The queue of many processes: BullMQ on Redis for the line, the locks and the recovery of what dead workers had in
 * hand; small scripts for what BullMQ does not have (turns by user, limits of the whole service, one answer for every
 * photo). Any process may take photos in, draw them, answer, or do several of these.
 *
 *   submit -> [blob store, Redis] -> line -> a worker anywhere -> the process that took the photo in -> over
 *
 * Once `submit` has resolved, a photo survives the death of any process: its worker's (drawn again elsewhere, at most
 * three times), its bot's (another bot answers), and with an append-only file that of Redis.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError, type ErrorCode } from '../../shared/errors.ts';
import { exponentialBackoff } from '../../shared/retry.ts';
import { within } from '../../shared/timeout.ts';
import { type BlobStore, photoKey } from '../../storage/blobs/types.ts';
import { asDctoonError, type RedisConnections } from '../../storage/redis-connections.ts';
import { type Applicant, admit, checkJobId, refusal, tellingRefusals } from '../admission.ts';
import { DeliveryRetrier } from '../delivery.ts';
import { Events } from '../events.ts';
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
import { listen, type Signal } from './signals.ts';
import { QueueSnapshot } from './snapshot.ts';
import { type JobRow, JobStore, type Settlement } from './store.ts';

export interface RedisQueueOptions {
  /** Stay open until after `close`. */
  readonly redis: RedisConnections;
  /** Reachable by all processes. */
  readonly blobs: BlobStore;
  /** Handlers that run at the same time in this process, if it works. */
  readonly concurrency: number;
  /** Live jobs of the whole service. */
  readonly limit: number;
  /** Jobs one user may have waiting or running in the whole service. */
  readonly limitPerUser: number;
  readonly log: Logger;
  /** Expected milliseconds per photo before any was measured. Default: 2000. */
  readonly expectedMs?: number;
  /** How often a responder may reject for one job. Default: 10. */
  readonly answerAttempts?: number;
  /** Milliseconds after the n-th rejection. Default: 1, 2, 4 ... 60 s. */
  readonly answerBackoffMs?: (rejections: number) => number;
  /** Longest time `close` waits for aborted handlers and running responders. Default: 5000. */
  readonly closeMs?: number;
  /**
   * Milliseconds after which a process that gave no sign of life is thought dead, and others take over. Default:
   * 15,000; the event loop must never stand still for that long.
   */
  readonly leaseMs?: number;
}

/** How often a process looks how everything stands. */
const LOOK_MS = 1000;
/** A job that is not in the line this long after its acceptance is put there by somebody else. */
const PENDING_MS = 5000;
/** No photo takes longer (PHOTO_TIMEOUT_SECONDS is 600 at most): nobody draws what BullMQ does not know by then. */
const LOST_MS = 15 * 60_000;

export async function createRedisQueue(options: RedisQueueOptions): Promise<Queue> {
  const { redis, log, leaseMs = 15_000 } = options;
  const line = await BullQueue.open({ redis, leaseMs, log });
  const queue = new RedisQueue(options, line, leaseMs);
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
  readonly #platforms = new Set<Platform>();
  /** The last acceptance under way, by user. */
  readonly #intake = new Map<string, Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];
  #unlisten = async () => {};
  #pulse: Promise<void> | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(options: RedisQueueOptions, line: BullQueue, leaseMs: number) {
    const { redis, blobs, log, concurrency, expectedMs = 2000 } = options;
    const { answerAttempts = 10, answerBackoffMs: backoffMs = exponentialBackoff } = options;
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#bullQueue = line;
    const store = new JobStore(redis, randomUUID());
    this.#store = store;
    this.#events = new Events(log);
    this.#retrier = new DeliveryRetrier({ log, attempts: answerAttempts, backoffMs });
    this.#owner = new JobOwner({
      store,
      blobs,
      answers: this.#retrier,
      events: this.#events,
      log,
      answerAttempts,
      backoffMs,
      expire: (id) => this.#background(this.#decide(id, 'expired')),
      look: () => this.#snapshot.glance(),
    });
    this.#snapshot = new QueueSnapshot({
      store,
      expectedMs,
      ownIds: () => this.#owner.ids,
      apply: (rows) => this.#owner.apply(rows),
    });
    const begun = () => (this.#owner.size > 0 ? this.#snapshot.refresh() : Promise.resolve());
    this.#worker = new JobWorker({ concurrency, store, line, blobs, log, begun });
  }

  async open(): Promise<void> {
    const { redis, log } = this.#options;
    const migrated = await this.#store.migrate();
    if (migrated > 0) log.info({ jobs: migrated }, 'took over the jobs of version 0.1');
    this.#unlisten = await listen(redis, this.#store.instance, log, (signal) => this.#receive(signal));
    await this.#heartbeat();
    await this.#snapshot.refresh();
    this.#timers.push(
      setInterval(() => this.#background(this.#heartbeat()), this.#leaseMs / 3).unref(),
      setInterval(() => this.#background(this.#snapshot.refresh()), LOOK_MS).unref(),
    );
  }

  check(job: Applicant): Promise<Submission | undefined> {
    return tellingRefusals(this.#events, job, () => this.#check(job));
  }

  async known(id: string): Promise<Submission | undefined> {
    const [row] = (await this.#store.lookFailFast([id], [])).jobs;
    return row && this.#submissionOf(row);
  }

  submit(request: JobRequest, photo: Uint8Array): Promise<Submission> {
    return tellingRefusals(this.#events, request, async () => {
      const { id, user } = request;
      // Photos sent together enter the line in the order in which they came, whichever is stored first.
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
      await this.#snapshot.glance([id], [user]);
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

  process(handler: Processor): void {
    this.#worker.work(handler);
    this.#background(this.#heartbeat());
  }

  onOutcome(platform: Platform, responder: Responder): void {
    this.#platforms.add(platform);
    this.#retrier.set(platform, responder);
    this.#background(this.#heartbeat());
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

  /** A process that works goes on until its own jobs are answered; then it takes nothing more out of the line. */
  async drain(deadlineMs: number): Promise<number> {
    this.#isClosing = true;
    const stop = new AbortController();
    const finished = (async () => {
      while (this.#owner.size > 0 && !stop.signal.aborted) await sleep(20);
      if (!stop.signal.aborted) await this.#worker.stop();
    })();
    await within(finished, deadlineMs);
    stop.abort();
    const strangers = this.#worker.runs.filter((id) => !this.#owner.get(id));
    return this.#owner.size + strangers.length;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #accept(
    newJob: JobRequest,
    photo: Uint8Array,
    earlier: Promise<void> | undefined,
  ): Promise<Submission | undefined> {
    const { blobs, limit, limitPerUser, log } = this.#options;
    const known = await this.#check(newJob);
    if (known) return known;
    const { reply, ...rest } = newJob;
    const { id, user, platform, style } = newJob;
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
    if (submission.kind === 'known') return this.#check(newJob);
    if (submission.kind !== 'queued') {
      await blobs.delete(photoKey(id)).catch(() => {});
      await this.#check(newJob);
      // It was full a moment ago.
      throw refusal(submission.kind, 1000, submission.kind === 'queue_full' ? limit : limitPerUser);
    }
    // From here on the photo is safe. What follows is done by another process if this one dies.
    this.#owner.hold(
      { ...job, reply, attempt: 1 },
      { state: 'queued', since: Date.now(), stage: undefined, ahead: 0 },
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
    const look = await this.#store.lookFailFast([id], [user]);
    this.#snapshot.see(look, [user]);
    const [row] = look.jobs;
    const known = row && this.#submissionOf(row);
    if (known) return known;
    const { queued = 0, processing = 0 } = look.users[0] ?? {};
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

  /** Ends a waiting or running job with an error. */
  async #decide(id: string, code: ErrorCode): Promise<void> {
    const settlement = await this.#store.settle(id, failure(new DctoonError(code)));
    if (settlement) await this.#decided(id, code, settlement);
  }

  async #decided(id: string, code: ErrorCode, { was, moved }: Settlement): Promise<void> {
    if (was === 'processing') {
      this.#worker.abort(id, code);
    } else {
      await this.#bullQueue.remove(id);
      await this.#bullQueue.move(moved);
    }
    await this.#snapshot.refresh();
  }

  /** Shows that this process lives, and does what dead ones left undone. One at a time. */
  #heartbeat(): Promise<void> {
    this.#pulse ??= this.#heartbeatOnce().finally(() => {
      this.#pulse = undefined;
    });
    return this.#pulse;
  }

  async #heartbeatOnce(): Promise<void> {
    const store = this.#store;
    for (const id of await store.heartbeat(this.#leaseMs, this.#worker.slots, this.#worker.runs)) {
      this.#worker.abort(id, 'cancelled');
    }
    const { pending, expired } = await store.overdue(PENDING_MS, LOST_MS);
    for (const { id, priority, label } of pending) {
      await this.#bullQueue.add(id, priority, label);
      await store.markAdded(id);
    }
    for (const id of expired) await this.#decide(id, 'expired');
    if (this.#isClosing) return;
    const adopted = await store.claim(this.#leaseMs, [...this.#platforms]);
    if (adopted.length > 0) this.#options.log.info({ jobs: adopted.length }, 'took over jobs');
    await Promise.all(adopted.map((id) => this.#owner.claim(id)));
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#closed) this.#options.log.warn({ err: error }, 'Redis refused a step');
    });
  }

  async #close(): Promise<void> {
    const { closeMs = 5000, log } = this.#options;
    this.#isClosing = true;
    this.#worker.interrupt();
    const quiet = Promise.all([this.#worker.stop(), this.#owner.quiet()]);
    const isQuiet = await within(quiet, closeMs);
    for (const timer of this.#timers) clearInterval(timer);
    this.#retrier.stop();
    this.#owner.stop();
    const goodbye = (async () => {
      await this.#unlisten();
      await this.#bullQueue.close(!isQuiet);
      await this.#store.deregister();
    })();
    // Without Redis there is nobody to say goodbye to; the others will notice.
    const isHeard = await within(
      goodbye.catch((error: unknown) => log.warn({ err: error }, 'could not say goodbye')),
      closeMs,
    );
    if (!isHeard) log.warn('left without a goodbye');
  }
}
