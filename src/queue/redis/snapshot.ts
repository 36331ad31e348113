/**
 * The state of the whole queue as this process read it last: counts, worker slots, service times. The synchronous
 * methods of `Queue` use it; it is read again after everything this process does, and once a second.
 */
import { finishTime, remaining } from '../service-times.ts';
import type { JobCounts, JobStatus } from '../types.ts';
import type { JobRow, QueueState } from './records.ts';
import type { JobStore } from './store.ts';

/** Placing this many jobs on workers one by one is exact and takes a millisecond; beyond, the mean is used. */
const EXACT_STEPS = 50_000;
/** A user's place in the queue is believed for so long; then a newcomer's is taken. */
const USER_MS = 2000;
const MAX_USERS = 1000;

export type Place = Pick<JobRow, 'state' | 'since' | 'step' | 'ahead'>;

const NOTHING: QueueState = {
  counts: { queued: 0, processing: 0, delivering: 0 },
  slots: 0,
  newcomer: 0,
  now: 0,
  times: new Map(),
  starts: [],
  users: [],
  jobs: [],
};

export class QueueSnapshot {
  readonly #store: JobStore;
  readonly #expectedMs: number;
  readonly #ownIds: () => readonly string[];
  readonly #apply: (rows: readonly JobRow[]) => void;
  readonly #users = new Map<string, { readonly ahead: number; readonly at: number }>();
  #last: QueueState = NOTHING;
  /** Redis' clock minus ours. */
  #skewMs = 0;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /**
   * @param ownIds the jobs whose status this process has to know
   * @param apply is given how they stand
   */
  constructor(options: {
    readonly store: JobStore;
    readonly expectedMs: number;
    readonly ownIds: () => readonly string[];
    readonly apply: (rows: readonly JobRow[]) => void;
  }) {
    this.#store = options.store;
    this.#expectedMs = options.expectedMs;
    this.#ownIds = options.ownIds;
    this.#apply = options.apply;
  }

  get counts(): JobCounts {
    return this.#last.counts;
  }

  /** Reads everything. What was done before the call is seen; calls during a reading share the next one. */
  refresh(): Promise<void> {
    if (!this.#reading) {
      this.#reading = this.#read().finally(() => {
        this.#reading = undefined;
      });
      return this.#reading;
    }
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.refresh();
      });
    return this.#next;
  }

  /** Reads the counts, and these jobs and users: cheap, however many jobs this process has. */
  async refreshOnly(ids: readonly string[] = [], users: readonly string[] = []): Promise<void> {
    this.update(await this.#store.state(ids, users), users);
  }

  /** Takes over what somebody has read. @param users in the order of `state.users` */
  update(state: QueueState, users: readonly string[] = []): void {
    this.#last = state;
    this.#skewMs = state.now - Date.now();
    for (const [index, { ahead }] of state.users.entries()) this.#remember(users[index] ?? '', ahead);
    this.#apply(state.jobs);
  }

  /** The status of a job at this place. */
  status({ state, since, step, ahead }: Place, style: string): JobStatus {
    if (state === 'processing') {
      const { stage, faces } = step;
      const etaMs = this.#remaining(since, style);
      return { state, ahead: 0, etaMs, ...(stage && { stage }), ...(faces && { faces }) };
    }
    if (state === 'queued') return { state, ahead, etaMs: this.eta(ahead, this.expect(style)) };
    return { state: 'delivering', ahead: 0, etaMs: 0 };
  }

  /** Milliseconds until the result of a job submitted now by `user`. */
  next(user: string): number {
    const known = this.#users.get(user);
    const isFresh = known && Date.now() - known.at < USER_MS;
    return this.eta(isFresh ? known.ahead : this.#last.newcomer, this.expect());
  }

  /** Expected milliseconds for one photo. */
  expect(style = ''): number {
    const { times } = this.#last;
    return times.get(style) ?? times.get('') ?? this.#expectedMs;
  }

  /** Milliseconds until the result of a job that takes `ownMs` and has so many before it. */
  eta(ahead: number, ownMs: number): number {
    const { slots, starts } = this.#last;
    const workers = Math.max(1, slots);
    const busy = starts.slice(0, workers).map((since) => this.#remaining(since));
    const mean = this.expect();
    if (ahead * workers <= EXACT_STEPS) {
      return Math.round(finishTime(workers, busy, [...Array<number>(ahead).fill(mean), ownMs]));
    }
    const busyMs = busy.reduce((sum, ms) => sum + ms, 0);
    return Math.round((busyMs + ahead * mean) / workers + ownMs);
  }

  #remaining(since: number, style?: string): number {
    const elapsedMs = Date.now() + this.#skewMs - since;
    return remaining(this.expect(style), elapsedMs);
  }

  async #read(): Promise<void> {
    this.update(await this.#store.state(this.#ownIds()));
  }

  #remember(user: string, ahead: number): void {
    this.#users.delete(user);
    this.#users.set(user, { ahead, at: Date.now() });
    for (const oldest of this.#users.keys()) {
      if (this.#users.size <= MAX_USERS) break;
      this.#users.delete(oldest);
    }
  }
}
