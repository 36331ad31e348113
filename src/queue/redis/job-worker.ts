/** The worker of a process: takes jobs from the queue, runs the processor, and settles their outcomes. */
import type { OnProgress } from '../../inference/types.ts';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError, type ErrorCode } from '../../shared/errors.ts';
import { OpenWork } from '../../shared/open-work.ts';
import { retry } from '../../shared/retry.ts';
import { type BlobStore, cartoonKey, photoKey } from '../../storage/blobs/types.ts';
import { mayTryAgain } from '../attempts.ts';
import type { Job, Outcome, Processor } from '../types.ts';
import type { BullQueue, Held } from './bull-queue.ts';
import type { Start } from './records.ts';
import type { JobStore } from './store.ts';

export interface JobWorkerOptions {
  readonly concurrency: number;
  readonly store: JobStore;
  readonly bullQueue: BullQueue;
  readonly blobs: BlobStore;
  readonly log: Logger;
  /** Called when a job has started, before it is processed. */
  readonly onStart: () => Promise<void>;
}

/** Pause before a step that Redis refused (full, still loading) is tried again. */
const RETRY_PAUSE_MS = 1000;

/** Why a job that was taken is not processed. */
const REFUSALS = {
  expired: () => new DctoonError('expired'),
  exhausted: () => new DctoonError('crashed', 'died too often'),
  damaged: () => new DctoonError('internal', 'damaged in Redis'),
} as const satisfies Record<Exclude<Start['kind'], 'run' | 'gone'>, () => DctoonError>;

export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #runs = new Map<string, AbortController>();
  /** Jobs in work, from the moment they are taken until BullMQ may forget them. */
  readonly #inWork = new OpenWork();
  #processor: Processor | undefined;
  #isClosing = false;

  constructor(options: JobWorkerOptions) {
    this.#options = options;
  }

  /** Photos this process works on at the same time; 0 while it takes none. */
  get slots(): number {
    return this.#processor && !this.#isClosing ? this.#options.concurrency : 0;
  }

  /** Ids of the jobs in work. */
  get runs(): string[] {
    return [...this.#runs.keys()];
  }

  work(processor: Processor): void {
    const isFirst = this.#processor === undefined;
    this.#processor = processor;
    if (!isFirst) return;
    this.#options.bullQueue.work(this.#options.concurrency, (held) => this.#inWork.add(this.#process(held)));
  }

  /** The outcome of a job in work was decided elsewhere: its processor is told to stop. */
  abort(id: string, code: ErrorCode): void {
    this.#runs.get(id)?.abort(new DctoonError(code));
  }

  /** Takes nothing more; resolves when the jobs in work are through. */
  async stop(): Promise<void> {
    await this.#options.bullQueue.stop();
    await this.#inWork.allEnd();
  }

  /** Puts the jobs in work back into the queue. */
  interrupt(): void {
    this.#isClosing = true;
    for (const run of this.#runs.values()) run.abort(new DctoonError('shutting_down'));
  }

  async #process(held: Held): Promise<void> {
    const { store, onStart, log } = this.#options;
    const { id } = held;
    const start = await this.#untilDone(id, () => store.start(id));
    if (start.kind !== 'run') return this.#refuse(id, start.kind);
    const run = new AbortController();
    this.#runs.set(id, run);
    if (this.#isClosing) this.interrupt();
    await onStart();
    const job: Job = { ...start.job, attempt: start.attempt, reply: null };
    const { outcome, measured } = await this.#draw(job, run.signal);
    this.#runs.delete(id);
    if (run.signal.aborted) {
      // Interrupted by us, which is no failed attempt of the photo's; else somebody has decided.
      const isOurs = this.#isClosing && (await this.#untilDone(id, () => store.requeue(id, 0)));
      if (isOurs) throw await held.putBack();
      return;
    }
    if (!outcome.ok && mayTryAgain(outcome, job.attempt)) {
      log.warn({ job: id, attempt: job.attempt, err: outcome.error }, 'trying again');
      // BullMQ puts a job back whose work ended with an error.
      if (await this.#untilDone(id, () => store.requeue(id, 1))) throw outcome.error;
      return;
    }
    await this.#untilDone(id, () => store.settle(id, outcome, measured));
  }

  async #refuse(id: string, why: Exclude<Start['kind'], 'run'>): Promise<void> {
    if (why === 'gone') return;
    const error = REFUSALS[why]();
    this.#options.log.warn({ job: id, err: error }, 'not processed');
    await this.#untilDone(id, () => this.#options.store.settle(id, { ok: false, error }));
  }

  /** Runs the processor, which holds the worker slot until it returns, aborted or not; stores the cartoon. */
  async #draw(
    job: Job,
    signal: AbortSignal,
  ): Promise<{ outcome: Outcome; measured?: { style: string; ms: number } }> {
    const { store, blobs, log } = this.#options;
    const report: OnProgress = (stage, faces) => {
      if (signal.aborted) return;
      store.progress(job.id, { stage, faces }).catch((error: unknown) => {
        log.debug({ job: job.id, err: error }, 'progress was not told');
      });
    };
    try {
      if (signal.aborted || !this.#processor) throw signal.reason;
      const photo = await blobs.get(photoKey(job.id));
      if (!photo) throw new DctoonError('internal', 'the photo is no longer stored');
      const startedAt = performance.now();
      const cartoon = await this.#processor({ job, photo, signal, report });
      const ms = performance.now() - startedAt;
      if (!signal.aborted) await blobs.put(cartoonKey(job.id), cartoon.image);
      return { outcome: { ok: true, cartoon }, measured: { style: job.style, ms } };
    } catch (error) {
      return { outcome: { ok: false, error: DctoonError.from(error) } };
    }
  }

  /** Without Redis commands wait by themselves; what Redis refuses is tried until it does not, or the process ends. */
  #untilDone<T>(id: string, step: () => Promise<T>): Promise<T> {
    return retry(step, {
      attempts: Number.POSITIVE_INFINITY,
      backoffMs: () => RETRY_PAUSE_MS,
      isTransient: () => !this.#isClosing,
      onFailure: (error) =>
        this.#options.log.error({ job: id, err: error }, 'Redis refused a step; trying again'),
    });
  }
}
