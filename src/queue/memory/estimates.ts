/** The status of jobs and when they will be done, from the order of the queue and measured service times. */

import { finishTime, remaining, ServiceTimes } from '../service-times.ts';
import type { JobStatus } from '../types.ts';
import type { FairQueue } from './fair-queue.ts';
import type { LiveJob } from './live-job.ts';
import type { LiveJobs } from './live-jobs.ts';

export interface EstimatesOptions {
  readonly workers: number;
  /** Milliseconds to expect for a photo before any was measured. */
  readonly expectedMs: number;
  readonly fairQueue: FairQueue;
  readonly jobs: LiveJobs;
}

export class Estimates {
  readonly #options: EstimatesOptions;
  readonly #times: ServiceTimes;

  constructor(options: EstimatesOptions) {
    this.#options = options;
    this.#times = new ServiceTimes(options.expectedMs);
  }

  record(style: string, ms: number): void {
    this.#times.record(style, ms);
  }

  /** Milliseconds until the result of a job submitted now by `user`. */
  next(user: string): number {
    return this.#eta(this.#options.fairQueue.beforeNext(user), this.#times.expect());
  }

  /** Milliseconds until the first of a user's unfinished jobs is done. */
  soonest(user: string): number {
    const mine = this.#options.jobs.ofUser(user).filter(({ state }) => state !== 'delivering');
    return Math.min(...mine.map((job) => this.status(job).etaMs));
  }

  status({ job, state, stage, faces, since }: LiveJob): JobStatus {
    if (state === 'delivering') return { state, ahead: 0, etaMs: 0 };
    if (state === 'processing') {
      return {
        state,
        ahead: 0,
        etaMs: this.#remaining(job.style, since),
        ...(stage && { stage }),
        ...(faces && { faces }),
      };
    }
    const { fairQueue } = this.#options;
    // Not in the fair queue yet while it is being stored.
    const before = fairQueue.before(job.id) ?? fairQueue.beforeNext(job.user);
    return { state, ahead: before.length, etaMs: this.#eta(before, this.#times.expect(job.style)) };
  }

  #eta(before: readonly string[], ownMs: number): number {
    const { jobs, workers } = this.#options;
    const busy: number[] = [];
    for (const { state, job, since } of jobs.all()) {
      if (state === 'processing') busy.push(this.#remaining(job.style, since));
    }
    const ahead = before.map((id) => this.#times.expect(jobs.get(id)?.job.style));
    return Math.round(finishTime(workers, busy, [...ahead, ownMs]));
  }

  #remaining(style: string, since: number): number {
    return remaining(this.#times.expect(style), Date.now() - since);
  }
}
