/**
 * The queue of many processes: BullMQ on Redis for the line, the locks and the recovery of what dead workers had in
 * hand; small scripts for what BullMQ does not have (turns by lane, limits of the whole service, one answer for every
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
import { type BlobStore, photoKey } from '../../storage/blobs/types.ts';
import type { RedisConnections } from '../../storage/redis-connections.ts';
import { Answers, exponentialBackoff } from '../delivery.ts';
import { Events } from '../events.ts';
import { failure, plain, wait, within } from '../outcomes.ts';
import type {
  Depth,
  Handler,
  NewJob,
  Platform,
  Queue,
  QueueEvents,
  Responder,
  Standing,
  Ticket,
} from '../types.ts';
import { Line } from './bull-queue.ts';
import { Answering } from './job-owner.ts';
import { Workshop } from './job-worker.ts';
import { listen, type Signal } from './signals.ts';
import { View } from './snapshot.ts';
import { asDctoonError, type LaneRow, type Settlement, Store } from './store.ts';

export interface RedisQueueOptions {
  /** Stay open until after `close`. */
  readonly redis: RedisConnections;
  /** Reachable by all processes. */
  readonly blobs: BlobStore;
  /** Handlers that run at the same time in this process, if it works. */
  readonly concurrency: number;
  /** Live jobs of the whole service. */
  readonly limit: number;
  /** Jobs one lane may have waiting or running in the whole service. */
  readonly limitPerLane: number;
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
  const line = await Line.open({ redis, leaseMs, log });
  const queue = new RedisQueue(options, line, leaseMs);
  await queue.open();
  return queue;
}

class RedisQueue implements Queue {
  readonly #options: RedisQueueOptions;
  readonly #leaseMs: number;
  readonly #store: Store;
  readonly #line: Line;
  readonly #events: Events;
  readonly #answers: Answers;
  readonly #answering: Answering;
  readonly #workshop: Workshop;
  readonly #view: View;
  readonly #platforms = new Set<Platform>();
  /** The last acceptance under way, by lane. */
  readonly #intake = new Map<string, Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];
  #unlisten = async () => {};
  #pulse: Promise<void> | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(options: RedisQueueOptions, line: Line, leaseMs: number) {
    const { redis, blobs, log, concurrency, expectedMs = 2000 } = options;
    const { answerAttempts = 10, answerBackoffMs: backoffMs = exponentialBackoff } = options;
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#line = line;
    const store = new Store(redis, randomUUID());
    this.#store = store;
    this.#events = new Events(log);
    this.#answers = new Answers({ log, attempts: answerAttempts, backoffMs });
    this.#answering = new Answering({
      store,
      blobs,
      answers: this.#answers,
      events: this.#events,
      log,
      answerAttempts,
      backoffMs,
      expire: (id) => this.#background(this.#decide(id, 'expired')),
      look: () => this.#view.glance(),
    });
    this.#view = new View({
      store,
      expectedMs,
      ownIds: () => this.#answering.ids,
      apply: (rows) => this.#answering.apply(rows),
    });
    const begun = () => (this.#answering.size > 0 ? this.#view.refresh() : Promise.resolve());
    this.#workshop = new Workshop({ concurrency, store, line, blobs, log, begun });
  }

  async open(): Promise<void> {
    const { redis, log } = this.#options;
    this.#unlisten = await listen(redis, this.#store.instance, log, (signal) => this.#receive(signal));
    await this.#beat();
    await this.#view.refresh();
    this.#timers.push(
      setInterval(() => this.#background(this.#beat()), this.#leaseMs / 3).unref(),
      setInterval(() => this.#background(this.#view.refresh()), LOOK_MS).unref(),
    );
  }

  async check(job: Pick<NewJob, 'id' | 'lane' | 'expiresAt'>): Promise<Ticket | undefined> {
    const { id, lane } = job;
    if (!/^(?!\d+$)[A-Za-z0-9_-]{1,200}$/.test(id)) {
      throw new DctoonError('internal', `Expected a job id of [A-Za-z0-9_-]+, not all digits, got ${id}`);
    }
    const look = await this.#store.promptLook([id], [lane]);
    this.#view.see(look, [lane]);
    const [row] = look.jobs;
    if (row?.state) return { id, duplicate: true, ...this.#view.standing(row, '') };
    if (this.#isClosing) throw new DctoonError('shutting_down');
    this.#refuse(job, look.lanes[0]);
    return undefined;
  }

  async submit(newJob: NewJob, photo: Uint8Array): Promise<Ticket> {
    const { id, lane } = newJob;
    // Photos sent together enter the line in the order in which they came, whichever is stored first.
    const earlier = this.#intake.get(lane);
    const accepted = this.#accept(plain(newJob), photo, earlier);
    const settled = accepted.then(
      () => {},
      () => {},
    );
    this.#intake.set(lane, settled);
    try {
      const known = await accepted;
      if (known) return known;
    } finally {
      if (this.#intake.get(lane) === settled) this.#intake.delete(lane);
    }
    await this.#view.glance([id], [lane]);
    const standing = this.standing(id) ?? { state: 'answering', ahead: 0, etaMs: 0 };
    return { id, duplicate: false, ...standing };
  }

  standing(id: string): Standing | undefined {
    const owned = this.#answering.get(id);
    return owned && this.#view.standing(owned.place, owned.job.style);
  }

  async amend(id: string, reply: unknown): Promise<boolean> {
    if (!this.#answering.amend(id, plain(reply))) return false;
    return this.#store.amend(id, reply);
  }

  async cancel(id: string, lane?: string): Promise<boolean> {
    const outcome = failure(new DctoonError('cancelled'));
    const settlement = await this.#store.cancel(id, lane, outcome);
    if (!settlement) return false;
    await this.#decided(id, 'cancelled', settlement);
    return true;
  }

  work(handler: Handler): void {
    this.#workshop.work(handler);
    this.#background(this.#beat());
  }

  answer(platform: Platform, responder: Responder): void {
    this.#platforms.add(platform);
    this.#answers.set(platform, responder);
    this.#background(this.#beat());
  }

  on<E extends keyof QueueEvents>(event: E, listener: (payload: QueueEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  depth(lane?: string): Depth {
    return lane === undefined ? this.#view.depth : this.#answering.depth(lane);
  }

  estimate(lane: string): number {
    return this.#view.next(lane);
  }

  /** A process that works goes on until its own jobs are answered; then it takes nothing more out of the line. */
  async drain(deadlineMs: number): Promise<number> {
    this.#isClosing = true;
    const stop = new AbortController();
    const finished = (async () => {
      while (this.#answering.size > 0 && !stop.signal.aborted) await sleep(20);
      if (!stop.signal.aborted) await this.#workshop.stop();
    })();
    await within(finished, deadlineMs);
    stop.abort();
    const strangers = this.#workshop.runs.filter((id) => !this.#answering.get(id));
    return this.#answering.size + strangers.length;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #accept(
    newJob: NewJob,
    photo: Uint8Array,
    earlier: Promise<void> | undefined,
  ): Promise<Ticket | undefined> {
    const { blobs, limit, limitPerLane, log } = this.#options;
    const known = await this.check(newJob);
    if (known) return known;
    const { reply, ...rest } = newJob;
    const { id, lane, platform, style } = newJob;
    const job = { ...rest, createdAt: Date.now() };
    try {
      await blobs.put(photoKey(id), photo);
    } catch (error) {
      throw asDctoonError(error);
    }
    await earlier;
    const submission = await this.#store.submit({ job, reply, nonce: randomUUID(), limit, limitPerLane });
    if (submission.kind === 'known') return this.check(newJob);
    if (submission.kind !== 'accepted') {
      await blobs.delete(photoKey(id)).catch(() => {});
      await this.check(newJob);
      // It was full a moment ago.
      throw new DctoonError(submission.kind, undefined, {
        details: { limit: submission.kind === 'queue_full' ? limit : limitPerLane, seconds: 1 },
      });
    }
    // From here on the photo is safe. What follows is done by another process if this one dies.
    this.#answering.hold(
      { ...job, reply, attempt: 1 },
      { state: 'waiting', since: Date.now(), stage: undefined, ahead: 0 },
    );
    await this.#line.add(id, submission.priority, { lane, platform, style });
    this.#store
      .added(id)
      .catch((error: unknown) => log.debug({ job: id, err: error }, 'will be added again'));
    return undefined;
  }

  /** Throws what stands against taking this job now. */
  #refuse({ lane, expiresAt }: Pick<NewJob, 'lane' | 'expiresAt'>, row: LaneRow | undefined): void {
    const { limit, limitPerLane } = this.#options;
    const { waiting = 0, running = 0 } = row ?? {};
    const etaMs = this.#view.next(lane);
    if (waiting + running >= limitPerLane) {
      const soonestMs = running > 0 ? this.#view.expect() : etaMs;
      throw new DctoonError('user_limit', undefined, {
        details: { limit: limitPerLane, ...wait(soonestMs) },
      });
    }
    const depth = this.#view.depth;
    if (depth.waiting + depth.running + depth.answering >= limit) {
      throw new DctoonError('queue_full', undefined, { details: { limit, ...wait(etaMs) } });
    }
    if (expiresAt !== undefined && Date.now() + etaMs > expiresAt) {
      throw new DctoonError('wait_too_long', undefined, { details: wait(etaMs) });
    }
  }

  #receive(signal: Signal): void {
    const [kind, id] = signal;
    if (kind === 'abort') this.#workshop.abort(id, signal[2]);
    else this.#answering.receive(signal);
  }

  /** Ends a waiting or running job with an error. */
  async #decide(id: string, code: ErrorCode): Promise<void> {
    const settlement = await this.#store.settle(id, failure(new DctoonError(code)));
    if (settlement) await this.#decided(id, code, settlement);
  }

  async #decided(id: string, code: ErrorCode, { was, moved }: Settlement): Promise<void> {
    if (was === 'running') {
      this.#workshop.abort(id, code);
    } else {
      await this.#line.remove(id);
      await this.#line.move(moved);
    }
    await this.#view.refresh();
  }

  /** Shows that this process lives, and does what dead ones left undone. One at a time. */
  #beat(): Promise<void> {
    this.#pulse ??= this.#beatOnce().finally(() => {
      this.#pulse = undefined;
    });
    return this.#pulse;
  }

  async #beatOnce(): Promise<void> {
    const store = this.#store;
    for (const id of await store.beat(this.#leaseMs, this.#workshop.slots, this.#workshop.runs)) {
      this.#workshop.abort(id, 'cancelled');
    }
    const { pending, expired } = await store.overdue(PENDING_MS, LOST_MS);
    for (const { id, priority, label } of pending) {
      await this.#line.add(id, priority, label);
      await store.added(id);
    }
    for (const id of expired) await this.#decide(id, 'expired');
    if (this.#isClosing) return;
    const adopted = await store.adopt(this.#leaseMs, [...this.#platforms]);
    if (adopted.length > 0) this.#options.log.info({ jobs: adopted.length }, 'took over jobs');
    await Promise.all(adopted.map((id) => this.#answering.adopt(id)));
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#closed) this.#options.log.warn({ err: error }, 'Redis refused a step');
    });
  }

  async #close(): Promise<void> {
    const { closeMs = 5000, log } = this.#options;
    this.#isClosing = true;
    this.#workshop.interrupt();
    const quiet = Promise.all([this.#workshop.stop(), this.#answering.quiet()]);
    const isQuiet = await within(quiet, closeMs);
    for (const timer of this.#timers) clearInterval(timer);
    this.#answers.stop();
    this.#answering.stop();
    const goodbye = (async () => {
      await this.#unlisten();
      await this.#line.close(!isQuiet);
      await this.#store.leave();
    })();
    // Without Redis there is nobody to say goodbye to; the others will notice.
    const isHeard = await within(
      goodbye.catch((error: unknown) => log.warn({ err: error }, 'could not say goodbye')),
      closeMs,
    );
    if (!isHeard) log.warn('left without a goodbye');
  }
}
