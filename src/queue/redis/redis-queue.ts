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
import { exponentialBackoff } from '../../shared/retry.ts';
import { within } from '../../shared/timeout.ts';
import type { RedisConnections } from '../../storage/redis-connections.ts';
import { DeliveryRetrier } from '../delivery.ts';
import { Events } from '../events.ts';
import { QueueFacade } from '../facade.ts';
import type { QueueOptions } from '../options.ts';
import { plain } from '../outcomes.ts';
import type { JobCounts, JobStatus, Platform, Processor, Queue, Responder } from '../types.ts';
import { BullQueue } from './bull-queue.ts';
import { Intake } from './intake.ts';
import { JobOwner } from './job-owner.ts';
import { JobStopper } from './job-stopper.ts';
import { JobWorker } from './job-worker.ts';
import { Recovery } from './recovery.ts';
import { listen, type Signal } from './signals.ts';
import { QueueSnapshot } from './snapshot.ts';
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

class RedisQueue extends QueueFacade implements Queue {
  readonly #options: RedisQueueOptions;
  readonly #leaseMs: number;
  readonly #store: JobStore;
  readonly #bullQueue: BullQueue;
  protected readonly events: Events;
  readonly #retrier: DeliveryRetrier;
  protected readonly intake: Intake;
  readonly #owner: JobOwner;
  readonly #worker: JobWorker;
  readonly #stopper: JobStopper;
  readonly #snapshot: QueueSnapshot;
  readonly #recovery: Recovery;
  readonly #platforms = new Set<Platform>();
  readonly #timers: NodeJS.Timeout[] = [];
  #unlisten = async () => {};

  constructor(options: RedisQueueOptions, bullQueue: BullQueue, leaseMs: number) {
    super();
    const { redis, blobs, log, concurrency, expectedMs = 2000 } = options;
    const { answerAttempts = 10, answerBackoffMs: backoffMs = exponentialBackoff } = options;
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#bullQueue = bullQueue;
    const store = new JobStore(redis, randomUUID());
    this.#store = store;
    this.events = new Events(log);
    this.#retrier = new DeliveryRetrier({ log, attempts: answerAttempts, backoffMs });
    this.#owner = new JobOwner({
      store,
      blobs,
      retrier: this.#retrier,
      events: this.events,
      log,
      answerAttempts,
      backoffMs,
      expire: (id) => this.#background(this.#stopper.stop(id, 'expired')),
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
    this.#stopper = new JobStopper({
      store,
      bullQueue,
      worker: this.#worker,
      refresh: () => this.#snapshot.refresh(),
    });
    this.intake = new Intake({
      limits: options,
      store,
      bullQueue,
      owner: this.#owner,
      snapshot: this.#snapshot,
      blobs,
      events: this.events,
      log,
      status: (id) => this.status(id),
    });
    this.#recovery = new Recovery({
      store,
      bullQueue,
      worker: this.#worker,
      owner: this.#owner,
      platforms: this.#platforms,
      leaseMs,
      log,
      settle: (id, code) => this.#stopper.stop(id, code),
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

  status(id: string): JobStatus | undefined {
    const owned = this.#owner.get(id);
    return owned && this.#snapshot.status(owned.place, owned.job.style);
  }

  async updateReplyTarget(id: string, reply: unknown): Promise<boolean> {
    if (!this.#owner.updateReplyTarget(id, plain(reply))) return false;
    return this.#store.updateReplyTarget(id, reply);
  }

  cancel(id: string, user?: string): Promise<boolean> {
    return this.#stopper.cancel(id, user);
  }

  cancelAll(user: string): Promise<number> {
    return this.#stopper.cancelAll(user);
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

  counts(user?: string): JobCounts {
    return user === undefined ? this.#snapshot.counts : this.#owner.counts(user);
  }

  estimate(user: string): number {
    return this.#snapshot.next(user);
  }

  /** A worker goes on until the jobs this process owns are delivered; then it takes nothing more. */
  async drain(deadlineMs: number): Promise<number> {
    this.intake.close();
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

  #receive(signal: Signal): void {
    const [kind, id] = signal;
    if (kind === 'abort') this.#worker.abort(id, signal[2]);
    else this.#owner.receive(signal);
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.isClosed) this.#options.log.warn({ err: error }, 'Redis refused a step');
    });
  }

  protected async closeOnce(): Promise<void> {
    const { closeMs = 5000, log } = this.#options;
    this.intake.close();
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
