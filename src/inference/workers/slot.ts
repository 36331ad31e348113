/**
 * A place for one inference child: starts it, replaces it when it dies, and ends it when nobody needs it. Gives it one
 * photo at a time, with a time limit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../observability/logger.ts';
import type { CartoonizeRequest } from '../pipeline.ts';
import type { Cartoon, OnProgress } from '../types.ts';
import type { Worker } from './worker.ts';
import { WorkerDiedError } from './worker.ts';

export interface SlotOptions {
  readonly fork: () => Worker;
  /** Longest time one photo may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest time a photo may be decoded, in milliseconds; a file that takes longer is made to do so. */
  readonly decodeMs: number;
  readonly logger?: Logger | undefined;
  /** Called when the child became ready, free or unusable. */
  readonly onChange: () => void;
}

export interface Attempt {
  readonly request: CartoonizeRequest;
  readonly signal: AbortSignal | undefined;
  readonly onStage: OnProgress;
}

/** Why a child died over a photo: by itself, or ended by us because the photo or its decoding took too long. */
export type LossCode = 'crashed' | 'timeout' | 'broken_image';

export class PhotoLostError extends Error {
  override readonly name = 'PhotoLostError';
  readonly code: LossCode;

  constructor(cause: WorkerDiedError, code: LossCode) {
    super(cause.message, { cause });
    this.code = code;
  }
}

/** A cancelled child gets this long to reach its next checkpoint (the longest single network run is well under it). */
const CANCEL_GRACE_MS = 2000;
/** On closing, how long a photo may still take. */
const CLOSE_GRACE_MS = 5000;
/** Pause before the n-th restart in a row: 0, 100, 200, 400 ... ms. */
const BACKOFF_MS = { first: 100, most: 30_000 } as const;
/** So many starts in a row have failed: this place is not to be counted on. */
const HOPELESS_AFTER = 4;

export class Slot {
  readonly #options: SlotOptions;
  #worker: Worker | undefined;
  /** Ends the life of the present child's successors; undefined while the place is empty. */
  #life: AbortController | undefined;
  #isReady = false;
  #isBusy = false;
  /** The child is being ended by us; that is no sign of a bad installation. */
  #isKilled = false;
  /** Deaths in a row without a photo answered in between. */
  #failures = 0;
  /** Children that were replaced, for whatever reason. */
  restarts = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Nobody lives here, and nobody is about to. */
  get isEmpty(): boolean {
    return this.#life === undefined;
  }

  get isFree(): boolean {
    return this.#isReady && !this.#isBusy;
  }

  get isHopeless(): boolean {
    return !this.#isReady && this.#failures >= HOPELESS_AFTER;
  }

  /** The living child; `rss`: resident bytes, as of its last answer. */
  get child(): { readonly pid: number; readonly rss: number; readonly busy: boolean } | undefined {
    const { pid, rss = 0 } = this.#worker ?? {};
    return this.#isReady && pid ? { pid, rss, busy: this.#isBusy } : undefined;
  }

  /** Keeps a living child here until `end` or `close`. @param first a child that was started already */
  fill(first?: Worker): void {
    if (this.#life) return;
    this.#life = new AbortController();
    void this.#keepAlive(this.#life.signal, first);
  }

  /** Takes the place for a photo that comes in this turn of the event loop. */
  take(): void {
    this.#isBusy = true;
  }

  /**
   * One attempt at one photo; the place must be taken, and is free afterwards.
   * @throws DctoonError of the pipeline; PhotoLostError where the child died
   */
  async run({ request, signal, onStage }: Attempt): Promise<Cartoon> {
    const worker = this.#worker;
    let loss: LossCode = 'crashed';
    let decoding: NodeJS.Timeout | undefined;
    let grace: NodeJS.Timeout | undefined;
    const kill = () => {
      this.#isKilled = true;
      worker?.kill();
    };
    const killAfter = (ms: number, code: LossCode) =>
      setTimeout(() => {
        loss = code;
        kill();
      }, ms);
    const deadline = killAfter(this.#options.timeoutMs, 'timeout');
    const onAbort = () => {
      worker?.cancel();
      grace = setTimeout(kill, CANCEL_GRACE_MS);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      if (!worker) throw new WorkerDiedError('it is gone');
      const cartoon = worker.run(request, (stage, faces) => {
        clearTimeout(decoding);
        if (stage === 'decode') decoding = killAfter(this.#options.decodeMs, 'broken_image');
        if (!signal?.aborted) onStage(stage, faces);
      });
      if (signal?.aborted) onAbort();
      return await cartoon;
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      this.#isReady = false;
      throw new PhotoLostError(error, loss);
    } finally {
      clearTimeout(deadline);
      clearTimeout(decoding);
      clearTimeout(grace);
      signal?.removeEventListener('abort', onAbort);
      this.#isBusy = false;
      this.#options.onChange();
    }
  }

  /** Lets the child finish and go; the place is empty at once. */
  async end(): Promise<void> {
    this.#life?.abort();
    this.#life = undefined;
    this.#isReady = false;
    await this.#worker?.close(CLOSE_GRACE_MS);
  }

  async #keepAlive(life: AbortSignal, first: Worker | undefined): Promise<void> {
    const { fork, logger, onChange } = this.#options;
    for (let worker = first ?? fork(); ; worker = fork()) {
      this.#worker = worker;
      this.#isKilled = false;
      try {
        await worker.ready;
        if (!life.aborted) {
          this.#isReady = true;
          onChange();
        }
      } catch (error) {
        if (!life.aborted) logger?.error({ err: error }, 'an inference process cannot start');
        worker.kill();
      }
      const how = await worker.exited;
      if (life.aborted) return;
      this.#isReady = false;
      this.#worker = undefined;
      this.restarts++;
      this.#failures = worker.answered > 0 || this.#isKilled ? 0 : this.#failures + 1;
      logger?.warn(
        { how, killed: this.#isKilled, failures: this.#failures },
        'an inference process ended; starting another',
      );
      onChange();
      const pauseMs =
        this.#failures < 2 ? 0 : Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (this.#failures - 2));
      await sleep(pauseMs, undefined, { signal: life }).catch(() => {});
      if (life.aborted) return;
    }
  }
}
