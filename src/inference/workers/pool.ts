/**
 * A pool of inference children and the line of photos before it. Keeps the promise that a photo is answered: a child
 * that hangs or dies is replaced, and its photo gets a second chance on a fresh one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError } from '../../shared/errors.ts';
import type { CartoonizeRequest, PipelineOptions } from '../pipeline.ts';
import type { Isolation } from '../profile.ts';
import type { Cartoon, Stage } from '../types.ts';
import { Worker, WorkerDiedError } from './worker.ts';

export interface PoolOptions extends PipelineOptions, Isolation {
  /** Children, and so photos worked on at the same time. */
  readonly concurrency: number;
  /** Longest time one photo may take in a child. */
  readonly timeoutMs: number;
  readonly logger?: Logger | undefined;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStage?: ((stage: Stage) => void) | undefined;
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

interface PoolTask {
  readonly order: CartoonizeRequest;
  readonly signal: AbortSignal | undefined;
  readonly onStage: (stage: Stage) => void;
  readonly job: string | undefined;
  readonly resolve: (cartoon: Cartoon) => void;
  readonly reject: (error: DctoonError) => void;
  attempts: number;
}

/** A place for one child. */
interface Slot {
  /** The child, also while it starts. */
  worker?: Worker | undefined;
  /** True between the child's `ready` and its end. */
  ready: boolean;
  task?: PoolTask | undefined;
  /** Deaths in a row without a photo answered in between. */
  failures: number;
  /** The child is being ended by us; that is no sign of a bad installation. */
  killed: boolean;
}

/** A photo is tried on this many children before it is given up. */
const ATTEMPTS = 2;
/** A cancelled child gets this long to reach its next checkpoint (the longest single network run is well under it). */
const CANCEL_GRACE_MS = 2000;
/** On `close`, how long a running photo may still finish. */
const CLOSE_GRACE_MS = 5000;
/** Pause before the n-th restart in a row: 0, 100, 200, 400 ... ms. */
const BACKOFF_MS = { first: 100, most: 30_000 } as const;
/** When so many starts in a row have failed and no child lives, waiting photos are told instead of kept. */
const HOPELESS_AFTER = 4;

export class Pool {
  readonly #options: PoolOptions;
  readonly #slots: readonly Slot[];
  readonly #line: PoolTask[] = [];
  readonly #closing = new AbortController();
  #restarts = 0;

  private constructor(options: PoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.concurrency }, () => ({
      ready: false,
      failures: 0,
      killed: false,
    }));
  }

  /** Resolves when the first child is ready. @throws DctoonError `internal`, in plain words, when it cannot start */
  static async start(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options);
    const first = pool.#fork();
    try {
      await first.ready;
    } catch (cause) {
      first.kill();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DctoonError('internal', `The inference process cannot start: ${reason}`, { cause });
    }
    for (const [index, slot] of pool.#slots.entries())
      void pool.#keepAlive(slot, index === 0 ? first : undefined);
    return pool;
  }

  /** @throws DctoonError of the pipeline, or `timeout` | `crashed` | `cancelled` | `shutting_down` */
  run(order: CartoonizeRequest, { signal, onStage = () => {}, job }: RunOptions): Promise<Cartoon> {
    return new Promise<Cartoon>((resolve, reject) => {
      if (signal?.aborted) return reject(new DctoonError('cancelled'));
      if (this.#closing.signal.aborted) return reject(new DctoonError('shutting_down'));
      if (this.#isHopeless())
        return reject(new DctoonError('crashed', 'no inference process can be started'));
      const leave = () => {
        const place = this.#line.indexOf(task);
        if (place >= 0) this.#line.splice(place, 1);
        reject(new DctoonError('cancelled'));
      };
      signal?.addEventListener('abort', leave, { once: true });
      const settle =
        <T>(outcome: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', leave);
          outcome(value);
        };
      const task: PoolTask = {
        order,
        signal,
        onStage,
        job,
        resolve: settle(resolve),
        reject: settle(reject),
        attempts: 0,
      };
      this.#line.push(task);
      this.#dispatch();
    });
  }

  stats(): PoolStats {
    const children = this.#slots.flatMap(({ worker, ready, task }) =>
      ready && worker?.pid ? [{ pid: worker.pid, rss: worker.rss, busy: task !== undefined }] : [],
    );
    return { queued: this.#line.length, restarts: this.#restarts, children };
  }

  /** Refuses what waits (`shutting_down`), gives what runs a few seconds to finish, and ends the children. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#rejectWaiting(() => new DctoonError('shutting_down'));
    await Promise.all(this.#slots.map(({ worker }) => worker?.close(CLOSE_GRACE_MS)));
  }

  #fork(): Worker {
    const { modelsDir, drawingSide, longestSide, openStyles, isolated } = this.#options;
    return new Worker({ modelsDir, drawingSide, longestSide, openStyles }, isolated);
  }

  /** Keeps a living child in a slot until the pool closes. */
  async #keepAlive(slot: Slot, first: Worker | undefined): Promise<void> {
    const { logger } = this.#options;
    for (let worker = first ?? this.#fork(); ; worker = this.#fork()) {
      slot.worker = worker;
      slot.killed = false;
      try {
        await worker.ready;
        slot.ready = true;
        this.#dispatch();
      } catch (error) {
        if (!this.#closing.signal.aborted) logger?.error({ err: error }, 'an inference process cannot start');
        worker.kill();
      }
      const how = await worker.exited;
      slot.ready = false;
      slot.worker = undefined;
      if (this.#closing.signal.aborted) return;

      this.#restarts++;
      slot.failures = worker.answered > 0 || slot.killed ? 0 : slot.failures + 1;
      logger?.warn(
        { how, killed: slot.killed, failures: slot.failures },
        'an inference process ended; starting another',
      );
      if (this.#isHopeless()) {
        this.#rejectWaiting(() => new DctoonError('crashed', `inference processes keep ending: ${how}`));
      }
      if (!(await this.#pause(slot.failures))) return;
    }
  }

  /** Waits before a restart; false when the pool closes meanwhile. */
  async #pause(failures: number): Promise<boolean> {
    const ms = failures < 2 ? 0 : Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (failures - 2));
    return await sleep(ms, true, { signal: this.#closing.signal }).catch(() => false);
  }

  #isHopeless(): boolean {
    return this.#slots.every(({ ready, failures }) => !ready && failures >= HOPELESS_AFTER);
  }

  #rejectWaiting(error: () => DctoonError): void {
    for (const task of this.#line.splice(0)) task.reject(error());
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (!slot.ready || !slot.worker || slot.task) continue;
      const task = this.#line.shift();
      if (!task) return;
      slot.task = task;
      void this.#serve(slot, slot.worker, task);
    }
  }

  /** One attempt at one photo. */
  async #serve(slot: Slot, worker: Worker, task: PoolTask): Promise<void> {
    task.attempts++;
    let late = false;
    const kill = () => {
      slot.killed = true;
      worker.kill();
    };
    const deadline = setTimeout(() => {
      late = true;
      kill();
    }, this.#options.timeoutMs);
    let grace: NodeJS.Timeout | undefined;
    const onAbort = () => {
      worker.cancel();
      grace = setTimeout(kill, CANCEL_GRACE_MS);
    };
    task.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const onStage = (stage: Stage) => {
        if (!task.signal?.aborted) task.onStage(stage);
      };
      task.resolve(await worker.run(task.order, onStage));
    } catch (error) {
      if (error instanceof WorkerDiedError) {
        slot.ready = false;
        this.#afterDeath(task, late ? 'timeout' : 'crashed', error);
      } else {
        task.reject(DctoonError.from(error));
      }
    } finally {
      clearTimeout(deadline);
      clearTimeout(grace);
      task.signal?.removeEventListener('abort', onAbort);
      slot.task = undefined;
      this.#dispatch();
    }
  }

  /** The child died over a photo: once more, first in line, on another child; or the end. */
  #afterDeath(task: PoolTask, code: 'timeout' | 'crashed', cause: WorkerDiedError): void {
    const { job, attempts, signal } = task;
    if (!signal?.aborted)
      this.#options.logger?.warn({ job, code, attempts, how: cause.message }, 'a photo lost its process');
    if (signal?.aborted) task.reject(new DctoonError('cancelled'));
    else if (this.#closing.signal.aborted) task.reject(new DctoonError('shutting_down'));
    else if (attempts < ATTEMPTS && !this.#isHopeless()) this.#line.unshift(task);
    else task.reject(new DctoonError(code, `the inference process ended: ${cause.message}`, { cause }));
  }
}
