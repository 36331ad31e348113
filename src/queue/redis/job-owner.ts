/**
 * The jobs a process owns, their events and their deliveries. Every job has one owner, the process that took it in:
 * there are the open HTTP request, the status message and the other photos of the same album. When that process dies,
 * another one of the same platform claims its jobs.
 */
import type { Logger } from '../../observability/logger.ts';
import { DctoonError } from '../../shared/errors.ts';
import { retry } from '../../shared/retry.ts';
import { setDeadline } from '../../shared/timeout.ts';
import { type BlobStore, cartoonKey, photoKey } from '../../storage/blobs/types.ts';
import type { DeliveryRetrier } from '../delivery.ts';
import type { Events } from '../events.ts';
import { loadOutcome } from '../outcomes.ts';
import type { Job, JobCounts, Outcome } from '../types.ts';
import type { JobRow, OwnJob } from './records.ts';
import type { Signal } from './signals.ts';
import type { Place } from './snapshot.ts';
import { NO_STEP, type Step, stepOf } from './step.ts';
import type { JobStore } from './store.ts';

export interface JobOwnerOptions {
  readonly store: JobStore;
  readonly blobs: BlobStore;
  readonly retrier: DeliveryRetrier;
  readonly events: Events;
  readonly log: Logger;
  readonly answerAttempts: number;
  readonly backoffMs: (failures: number) => number;
  /** A job's time is over. */
  readonly expire: (id: string) => void;
  /** Reads the counts again, before an event says that something is over. */
  readonly refresh: () => Promise<void>;
}

interface OwnedJob {
  job: Job;
  place: Place;
  isStarted: boolean;
  isOver: boolean;
  delivery: Promise<void> | undefined;
  expiry: NodeJS.Timeout | undefined;
}

export class JobOwner {
  readonly #options: JobOwnerOptions;
  readonly #jobs = new Map<string, OwnedJob>();
  readonly #stop = new AbortController();

  constructor(options: JobOwnerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#jobs.size;
  }

  get ids(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  get(id: string): { readonly job: Job; readonly place: Place } | undefined {
    return this.#jobs.get(id);
  }

  /** The jobs of one user, by state. */
  counts(user: string): JobCounts {
    const counts = { queued: 0, processing: 0, delivering: 0 };
    for (const { job, place } of this.#jobs.values()) {
      if (job.user === user && place.state && place.state !== 'done') counts[place.state] += 1;
    }
    return counts;
  }

  /** This process owns a job from now on. */
  hold(job: Job, place: Place): void {
    const { events, expire } = this.#options;
    const owned: OwnedJob = {
      job,
      place,
      isStarted: place.state !== 'queued',
      isOver: false,
      delivery: undefined,
      expiry: undefined,
    };
    this.#jobs.set(job.id, owned);
    if (job.expiresAt !== undefined) {
      owned.expiry = setDeadline(job.expiresAt, () => expire(job.id));
    }
    events.emit('queued', { job });
    if (place.state === 'delivering') this.#settled(owned);
  }

  /** Takes over a job of a process that died; it is this one's in Redis already. */
  async claim(id: string): Promise<void> {
    if (this.#jobs.has(id)) return;
    const own = await this.#options.store.read(id);
    if (own === 'damaged') await this.#discard(id);
    else if (own) this.hold(own.job, { state: own.state, since: own.since, step: own.step, ahead: 0 });
  }

  /** @returns false when the job is not ours or nothing may change any more */
  updateReplyTarget(id: string, reply: unknown): boolean {
    const owned = this.#jobs.get(id);
    if (owned?.isOver) return false;
    if (owned) owned.job = { ...owned.job, reply };
    return true;
  }

  receive(signal: Signal): void {
    const owned = this.#jobs.get(signal[1]);
    if (!owned || owned.place.state === 'delivering') return;
    const { events } = this.#options;
    switch (signal[0]) {
      case 'processing':
        owned.job = { ...owned.job, attempt: signal[2] };
        owned.place = { state: 'processing', since: Date.now(), step: NO_STEP, ahead: 0 };
        owned.isStarted = true;
        events.emit('processing', { job: owned.job, waitedMs: signal[3] });
        break;
      case 'progress':
        this.#advanced(owned, stepOf(signal[2]));
        break;
      case 'queued':
        owned.place = { state: 'queued', since: Date.now(), step: NO_STEP, ahead: 0 };
        break;
      case 'settled':
        this.#settled(owned);
        break;
    }
  }

  /** Takes over what was read, which also tells what a lost signal would have told. */
  apply(rows: readonly JobRow[]): void {
    for (const row of rows) {
      const owned = this.#jobs.get(row.id);
      if (!owned || owned.delivery) continue;
      if (row.owner !== this.#options.store.instance) this.#drop(owned);
      else if (row.state === 'delivering') this.#settled(owned);
      else owned.place = row;
    }
  }

  /** Resolves when no delivery is under way. */
  async quiet(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map(({ delivery }) => delivery));
  }

  /** Ends waiting; what is not delivered stays for another process. */
  stop(): void {
    this.#stop.abort();
    for (const { expiry } of this.#jobs.values()) clearTimeout(expiry);
  }

  #advanced(owned: OwnedJob, step: Step): void {
    const { stage, faces } = step;
    if (!stage) return;
    owned.place = { ...owned.place, step };
    this.#options.events.emit('progress', { job: owned.job, stage, ...(faces && { faces }) });
  }

  #settled(owned: OwnedJob): void {
    const { id } = owned.job;
    clearTimeout(owned.expiry);
    owned.place = { state: 'delivering', since: Date.now(), step: NO_STEP, ahead: 0 };
    owned.delivery ??= this.#deliver(owned).catch((error: unknown) => {
      // Redis refused: the next reading, within a second, starts it again.
      owned.delivery = undefined;
      if (!this.#stop.signal.aborted) this.#options.log.error({ job: id, err: error }, 'a delivery broke');
    });
  }

  async #deliver(owned: OwnedJob): Promise<void> {
    const { store, blobs, retrier, events, log, refresh } = this.#options;
    const { id } = owned.job;
    const own = await store.read(id);
    if (!own) return this.#drop(owned);
    if (own === 'damaged') {
      this.#drop(owned);
      return this.#discard(id);
    }
    owned.job = own.job;
    const outcome = await this.#load(own);
    if (!outcome) return;
    const { workedMs } = own;
    await refresh();
    if (!owned.isStarted && workedMs > 0) {
      events.emit('processing', {
        job: own.job,
        waitedMs: Math.max(0, own.since - workedMs - own.job.createdAt),
      });
    }
    events.emit('delivering', { job: own.job, outcome, workedMs });
    const how = await retrier.deliver(() => owned.job, outcome);
    if (how === 'stopped') return;
    owned.isOver = true;
    const isOurs = await this.#finish(id);
    this.#drop(owned);
    if (!isOurs) {
      log.warn({ job: id }, 'answered, but another process had claimed the job: it may be answered twice');
      return;
    }
    await Promise.all([blobs.delete(photoKey(id)), blobs.delete(cartoonKey(id))]).catch((error: unknown) => {
      log.warn({ job: id, err: error }, 'photo and cartoon stay until their time is over');
    });
    await refresh();
    if (how === 'done') events.emit('done', { job: owned.job, outcome });
    else events.emit('failed', { job: owned.job });
  }

  /** Not given up: what is answered, but not known to be, would be answered again. */
  async #finish(id: string): Promise<boolean> {
    const { store, log, backoffMs } = this.#options;
    const { signal } = this.#stop;
    try {
      return await retry(() => store.finish(id), {
        signal,
        attempts: Number.POSITIVE_INFINITY,
        backoffMs,
        onFailure: (error) => log.error({ job: id, err: error }, 'Redis refused to end a job'),
      });
    } catch (error) {
      log.error({ job: id, err: error }, 'Redis refused to end a job');
      return false;
    }
  }

  /** The outcome with its cartoon; undefined when this process stops first. */
  async #load({ job, outcome }: OwnJob): Promise<Outcome | undefined> {
    const { blobs, log, answerAttempts: attempts, backoffMs } = this.#options;
    const { signal } = this.#stop;
    if (!outcome) return lost('a job was settled without an outcome');
    if (!outcome.ok) return loadOutcome(outcome, undefined);
    try {
      const image = await retry(() => blobs.get(cartoonKey(job.id)), {
        signal,
        attempts,
        backoffMs,
        onFailure: (error, failures) =>
          log.warn({ job: job.id, failures, err: error }, 'a cartoon could not be fetched'),
      });
      return loadOutcome(outcome, image) ?? lost('the cartoon is no longer stored');
    } catch {
      return signal.aborted ? undefined : lost('the cartoon could not be fetched');
    }
  }

  /** A job that this program did not write: nobody knows whom to answer. */
  async #discard(id: string): Promise<void> {
    const { store, log } = this.#options;
    log.error({ job: id }, 'a job in Redis is damaged: it is removed, and nobody is answered');
    await store.discard(id);
  }

  #drop(owned: OwnedJob): void {
    clearTimeout(owned.expiry);
    this.#jobs.delete(owned.job.id);
  }
}

function lost(why: string): Outcome {
  return { ok: false, error: new DctoonError('internal', why) };
}
