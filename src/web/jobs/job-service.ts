/** Between HTTP and the queue: submits photos, waits for or keeps what comes back, and tells watchers that something changed. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { PhotoFormat, Shape } from '../../inference/types.ts';
import type { JobStatus, Outcome, Queue } from '../../queue/types.ts';
import { DctoonError } from '../../shared/errors.ts';
import { withResolvers } from '../../shared/with-resolvers.ts';
import type { StoredFile } from '../../storage/draft-file.ts';
import type { Locale } from '../../texts/index.ts';
import { HttpProblem } from '../middleware/problems.ts';
import type { WebLimits } from '../types.ts';
import type { ResultFiles } from './result-files.ts';
import { type Result, ResultStore } from './result-store.ts';
import { newWebJobId, webJobIdOf } from './web-job-id.ts';

export interface WebPhotoRequest {
  readonly user: string;
  readonly style: string;
  readonly format: PhotoFormat;
  /** undefined = `photo`. */
  readonly as?: Shape | undefined;
  /** Per cent; undefined = as the style draws. */
  readonly strength?: number | undefined;
  readonly locale: Locale;
  /** Chosen by the client; the same key of the same client with the same photo again is the same job. */
  readonly idempotencyKey?: string | undefined;
}

const SWEEP_MS = 5000;
/** Idempotency keys that are remembered, and for how long: clients repeat a request within minutes. */
const MOST_KEYS = 10_000;
const KEY_MS = 24 * 3600_000;

export interface JobServiceOptions {
  readonly queue: Queue;
  readonly limits: WebLimits;
  readonly keepMinutes: number;
  readonly files: ResultFiles;
  /** Results of the last process. */
  readonly left: readonly (readonly [id: string, result: Result])[];
}

export class JobService {
  readonly #queue: Queue;
  readonly #results: ResultStore;
  readonly #waiters = new Map<string, (outcome: Outcome) => void>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #unsubscribe: readonly (() => void)[];
  readonly #sweeper: NodeJS.Timeout;
  /** Which job each client's idempotency key stands for. */
  readonly #keys = new LRUCache<string, string>({ max: MOST_KEYS, ttl: KEY_MS });

  /** Becomes the queue's responder for platform `web`: also for jobs of an earlier process, whose clients ask for them by id. */
  constructor(options: JobServiceOptions) {
    const { queue, limits, keepMinutes, files, left } = options;
    this.#queue = queue;
    this.#results = new ResultStore({
      maxCount: limits.results,
      maxBytes: limits.resultBytes,
      // Gone when the promised time is over, not a round of the sweeper later.
      keepMs: Math.max(0, keepMinutes * 60_000 - SWEEP_MS),
      onDelete: (id) => files.remove(id),
    });
    for (const [id, result] of left) this.#results.put(id, result);
    queue.onOutcome('web', async ({ id, user }, outcome) => {
      const waiter = this.#waiters.get(id);
      if (waiter) waiter(outcome);
      else {
        // First where it survives us: once it can be fetched, it can be deleted too.
        this.#results.put(id, await files.save(id, outcome, this.#results.expiry(), user));
      }
      this.#wake(id);
    });
    this.#unsubscribe = [
      queue.on('processing', ({ job }) => this.#wake(job.id)),
      queue.on('progress', ({ job }) => this.#wake(job.id)),
    ];
    this.#sweeper = setInterval(() => this.#results.sweep(), SWEEP_MS).unref();
  }

  /**
   * Hands a photo to the queue and returns the job's id. With an idempotency key the same request again is the same job.
   * @throws DctoonError as `Queue.submit`
   * @throws HttpProblem `key_reused`: the key came with another photo or style before
   */
  async submit(request: WebPhotoRequest, photo: StoredFile): Promise<string> {
    const id = request.idempotencyKey ? this.#keyedId(request, request.idempotencyKey, photo) : newWebJobId();
    if (request.idempotencyKey && this.#results.get(id)) return id;
    await this.#submit(id, request, photo);
    return id;
  }

  /**
   * Hands a photo to the queue; resolves, when that has it, to what becomes of it. The result is given to the caller
   * and kept nowhere.
   * @param signal the client went away: the job is cancelled
   * @param onId told the job's id before it is submitted
   * @throws DctoonError as `Queue.submit`
   */
  async submitAndWait(
    request: WebPhotoRequest,
    photo: StoredFile,
    signal: AbortSignal,
    onId: (id: string) => void = () => {},
  ): Promise<{ readonly outcome: Promise<Outcome> }> {
    const id = newWebJobId();
    onId(id);
    const { promise, resolve } = withResolvers<Outcome>();
    const cancel = () => void this.#queue.cancel(id).catch(() => false);
    const forget = () => {
      signal.removeEventListener('abort', cancel);
      this.#waiters.delete(id);
    };
    this.#waiters.set(id, resolve);
    signal.addEventListener('abort', cancel);
    try {
      if (signal.aborted) throw new DctoonError('cancelled');
      await this.#submit(id, request, photo);
      // It may have gone while the photo was being stored, when there was nothing to cancel yet.
      if (signal.aborted) cancel();
    } catch (error) {
      forget();
      throw error;
    }
    return { outcome: promise.finally(forget) };
  }

  status(id: string): JobStatus | undefined {
    return this.#queue.status(id);
  }

  result(id: string): Result | undefined {
    return this.#results.get(id);
  }

  fetched(id: string): void {
    this.#results.fetched(id);
  }

  /** Cancels a live job or deletes the result of a finished one. False when there is neither. */
  async remove(id: string): Promise<boolean> {
    const cancelled = await this.#queue.cancel(id);
    return this.#results.delete(id) || cancelled;
  }

  /** Calls `listener` when the job starts, moves to another stage, or is over. Returns the function that ends it. */
  watch(id: string, listener: () => void): () => void {
    const listeners = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#watchers.delete(id);
    };
  }

  close(): void {
    clearInterval(this.#sweeper);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /**
   * An id made from the client's key and what came with it: a repeated request finds the first one, and nobody who does
   * not have the photo itself can name the id of its cartoon.
   */
  #keyedId({ user, style, strength, format, as }: WebPhotoRequest, key: string, photo: StoredFile): string {
    const hex = createHash('sha256')
      .update(JSON.stringify([user, key, style, strength, format, as, photo.sha256]))
      .digest('hex');
    const id = webJobIdOf(hex);
    const name = `${user}\n${key}`;
    const known = this.#keys.get(name);
    if (known !== undefined && known !== id) throw new HttpProblem('key_reused');
    this.#keys.set(name, id);
    return id;
  }

  async #submit(
    id: string,
    { user, style, strength, format, as, locale }: WebPhotoRequest,
    photo: StoredFile,
  ): Promise<void> {
    const more = { ...(strength !== undefined && { strength }), ...(as !== undefined && { as }) };
    await this.#queue.submit(
      { id, user, platform: 'web', style, ...more, format, locale, reply: null },
      photo,
    );
  }

  #wake(id: string): void {
    for (const listener of this.#watchers.get(id) ?? []) listener();
  }
}
