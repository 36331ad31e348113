/**
 * The one limiter of inference, whoever feeds it: photo -> p-queue -> one of the inference children. Keeps the promise
 * that a photo is answered: a child that hangs or dies is replaced, and its photo gets a second chance on another one.
 *
 * p-queue's `timeout`, and a signal that is aborted while the task runs, free the slot although the task goes on. So
 * the time limit is the child's (`slot.ts`), and p-queue's signal only takes photos out that still wait.
 */
import PQueue from 'p-queue';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError } from '../../shared/errors.ts';
import { LIMITS } from '../image/limits.ts';
import type { CartoonizeRequest, PipelineOptions } from '../pipeline.ts';
import type { Isolation } from '../profile.ts';
import type { Cartoon, OnProgress } from '../types.ts';
import { PhotoLostError, Slot } from './slot.ts';
import { Worker } from './worker.ts';

export interface PoolOptions extends PipelineOptions, Isolation {
  /** Children at most, and so photos worked on at the same time. All but the first start when there is work for them. */
  readonly concurrency: number;
  /** Longest time one photo may take in a child. */
  readonly timeoutMs: number;
  /** Longest time a photo may be decoded, in milliseconds. Default: `LIMITS.decodeMs`. */
  readonly decodeMs?: number | undefined;
  /** Milliseconds after which a child without work ends; the first stays. Default: 60,000. */
  readonly idleMs?: number | undefined;
  readonly logger?: Logger | undefined;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStage?: OnProgress | undefined;
  /** The photo's name in the log. */
  readonly job?: string | undefined;
}

export interface PoolStats {
  /** Photos that wait for a child. */
  readonly queued: number;
  /** Children that were replaced since the start, for whatever reason. */
  readonly restarts: number;
  /** Children that can work right now. `rss`: resident bytes, as of their last answer. */
  readonly children: readonly { readonly pid: number; readonly rss: number; readonly busy: boolean }[];
}

/** A photo is tried on this many children before it is given up. */
const ATTEMPTS = 2;
const DEFAULT_IDLE_MS = 60_000;
/** Of the time that a photo has, when its heads must be drawn at the latest. */
const HEADS_SHARE = 0.5;

export class Pool {
  readonly #options: PoolOptions;
  readonly #queue: PQueue;
  readonly #slots: readonly Slot[];
  /** How to take photos out that wait in the queue. */
  readonly #waiting = new Set<AbortController>();
  /** Those who wait for a free child. */
  readonly #wanted = new Set<() => void>();
  #isClosing = false;
  #idleTimer: NodeJS.Timeout | undefined;

  private constructor(options: PoolOptions) {
    const { concurrency, timeoutMs, decodeMs = LIMITS.decodeMs, logger } = options;
    this.#options = options;
    this.#queue = new PQueue({ concurrency });
    this.#queue.on('idle', () => this.#endIdle());
    this.#slots = Array.from(
      { length: concurrency },
      () =>
        new Slot({
          fork: () => fork(options),
          timeoutMs,
          decodeMs,
          logger,
          onChange: () => this.#onChange(),
        }),
    );
  }

  /** Resolves when the first child is ready. @throws DctoonError `internal`, in plain words, when it cannot start */
  static async start(options: PoolOptions): Promise<Pool> {
    const first = fork(options);
    try {
      await first.ready;
    } catch (cause) {
      first.kill();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DctoonError('internal', `The inference process cannot start: ${reason}`, { cause });
    }
    const pool = new Pool(options);
    pool.#slots[0]?.fill(first);
    return pool;
  }

  /** @throws DctoonError of the pipeline, or `timeout` | `crashed` | `cancelled` | `shutting_down` */
  async run(request: CartoonizeRequest, { signal, onStage = () => {}, job }: RunOptions): Promise<Cartoon> {
    if (signal?.aborted) throw new DctoonError('cancelled');
    if (this.#isClosing) throw new DctoonError('shutting_down');
    if (this.#isHopeless()) throw new DctoonError('crashed', 'no inference process can be started');
    const withdraw = new AbortController();
    const leave = () => withdraw.abort(new DctoonError('cancelled'));
    this.#waiting.add(withdraw);
    signal?.addEventListener('abort', leave, { once: true });
    const startWork = () => {
      this.#waiting.delete(withdraw);
      signal?.removeEventListener('abort', leave);
      return this.#work({ request, signal, onStage }, job);
    };
    try {
      return await this.#queue.add(startWork, { signal: withdraw.signal });
    } finally {
      this.#waiting.delete(withdraw);
      signal?.removeEventListener('abort', leave);
    }
  }

  stats(): PoolStats {
    return {
      queued: this.#queue.size + this.#wanted.size,
      restarts: this.#slots.reduce((sum, { restarts }) => sum + restarts, 0),
      children: this.#slots.flatMap(({ child }) => (child ? [child] : [])),
    };
  }

  /** Refuses what waits (`shutting_down`), gives what runs a few seconds to finish, and ends the children. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#idleTimer);
    this.#withdrawAll(() => new DctoonError('shutting_down'));
    this.#onChange();
    // What has a child by now must have been given to it before the child is told to end.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(this.#slots.map((slot) => slot.end()));
  }

  /** Tries a photo on one child, and on another one if the first died over it. */
  async #work(photo: Parameters<Slot['run']>[0], job: string | undefined): Promise<Cartoon> {
    const { signal } = photo;
    for (let attempt = 1; ; attempt++) {
      const slot = await this.#freeSlot(signal);
      try {
        return await slot.run(photo);
      } catch (error) {
        if (!(error instanceof PhotoLostError)) throw DctoonError.from(error);
        const { code } = error;
        if (signal?.aborted) throw new DctoonError('cancelled');
        const how = error.message;
        this.#options.logger?.warn({ job, code, attempts: attempt, how }, 'a photo lost its process');
        if (this.#isClosing) throw new DctoonError('shutting_down');
        // A file whose decoding does not end will not end it on another child either.
        if (code === 'broken_image' || attempt >= ATTEMPTS || this.#isHopeless()) {
          throw new DctoonError(code, `the inference process ended: ${how}`, { cause: error });
        }
      }
    }
  }

  /** A child for a photo, taken; starts one where all that live have work. */
  async #freeSlot(signal: AbortSignal | undefined): Promise<Slot> {
    for (;;) {
      const free = this.#slots.find((slot) => slot.isFree);
      if (free) {
        clearTimeout(this.#idleTimer);
        free.take();
        return free;
      }
      if (signal?.aborted) throw new DctoonError('cancelled');
      if (this.#isClosing) throw new DctoonError('shutting_down');
      if (this.#isHopeless()) throw new DctoonError('crashed', 'inference processes keep ending');
      this.#slots.find((slot) => slot.isEmpty)?.fill();
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#wanted.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#wanted.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
  }

  #onChange(): void {
    if (this.#isHopeless()) {
      this.#withdrawAll(() => new DctoonError('crashed', 'inference processes keep ending'));
    }
    for (const wake of [...this.#wanted]) wake();
  }

  /** Ends the children that have had nothing to do for a while; the first one stays. */
  #endIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#isClosing) return;
    this.#idleTimer = setTimeout(() => {
      for (const slot of this.#slots.slice(1)) void slot.end();
    }, this.#options.idleMs ?? DEFAULT_IDLE_MS).unref();
  }

  #isHopeless(): boolean {
    const inhabited = this.#slots.filter((slot) => !slot.isEmpty);
    return inhabited.length > 0 && inhabited.every((slot) => slot.isHopeless);
  }

  #withdrawAll(error: () => DctoonError): void {
    for (const withdraw of this.#waiting) withdraw.abort(error());
  }
}

/** @param options those of the pipeline travel to the child, nothing else */
function fork(options: PoolOptions): Worker {
  const { modelsDir, drawingSide, longestSide, mostPixels, decodeBytes, heads, openStyles } = options;
  const untilMs = Math.min(heads.untilMs, options.timeoutMs * HEADS_SHARE);
  const limits = { drawingSide, longestSide, mostPixels, decodeBytes, openStyles };
  return new Worker({ modelsDir, ...limits, heads: { ...heads, untilMs } }, options.isolated);
}
