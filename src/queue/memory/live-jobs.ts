/** The jobs of the in-process queue: those that live, and the ids of those that were finished lately. */
import { RecentIds } from '../../shared/recent-ids.ts';
import type { JobCounts } from '../types.ts';
import type { LiveJob } from './live-job.ts';

/** A platform repeats an update within minutes, not after 10,000 photos. */
const REMEMBERED_IDS = 10_000;

export class LiveJobs {
  readonly #jobs = new Map<string, LiveJob>();
  readonly #finished: RecentIds;
  readonly #whenEmpty: (() => void)[] = [];

  /** @param finished ids of jobs that the last process finished */
  constructor(finished: readonly string[]) {
    this.#finished = new RecentIds(REMEMBERED_IDS, finished);
  }

  get size(): number {
    return this.#jobs.size;
  }

  get(id: string): LiveJob | undefined {
    return this.#jobs.get(id);
  }

  all(): LiveJob[] {
    return [...this.#jobs.values()];
  }

  ofUser(user: string): LiveJob[] {
    return this.all().filter(({ job }) => job.user === user);
  }

  isFinished(id: string): boolean {
    return this.#finished.has(id);
  }

  add(live: LiveJob): void {
    this.#jobs.set(live.job.id, live);
  }

  /** It is answered, or will never be. */
  finish(id: string): void {
    this.#finished.add(id);
    this.drop(id);
  }

  /** It was not taken in after all. */
  drop(id: string): void {
    this.#jobs.delete(id);
    if (this.#jobs.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  counts(user?: string): JobCounts {
    const counts = { queued: 0, processing: 0, delivering: 0 };
    for (const { job, state } of this.#jobs.values()) {
      if (user === undefined || job.user === user) counts[state] += 1;
    }
    return counts;
  }

  /** Resolves when no job lives. */
  async empty(): Promise<void> {
    if (this.#jobs.size > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }
}
