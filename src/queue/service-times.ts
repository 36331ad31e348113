/** How long photos take, learnt from those that were done, and what follows for those that wait. */

/** Weight of the newest measurement: the last ten or so count, so a busy machine shows within a minute. */
const WEIGHT = 0.2;

/** What is expected of a job in work that takes longer than expected. */
const LEAST_REMAINING_MS = 250;

/** Expected milliseconds until a job is processed that takes `expectedMs` and is in work for `elapsedMs`. */
export function remaining(expectedMs: number, elapsedMs: number): number {
  return Math.max(LEAST_REMAINING_MS, Math.round(expectedMs - elapsedMs));
}

/** Exponentially weighted moving averages of the service time, per style and over all. */
export class ServiceTimes {
  readonly #styles = new Map<string, number>();
  #overall: number;
  #measured = false;

  /** @param initialMs what to expect before anything was measured */
  constructor(initialMs: number) {
    this.#overall = initialMs;
  }

  record(style: string, ms: number): void {
    this.#overall = this.#measured ? blend(this.#overall, ms) : ms;
    this.#measured = true;
    this.#styles.set(style, blend(this.#styles.get(style) ?? ms, ms));
  }

  /** Expected milliseconds for one photo of a style; an unmeasured style counts as the average one. */
  expect(style?: string): number {
    return (style === undefined ? undefined : this.#styles.get(style)) ?? this.#overall;
  }
}

function blend(average: number, ms: number): number {
  return average + WEIGHT * (ms - average);
}

/**
 * When the last of `jobs` ends if each in turn takes the worker that is free first.
 * @param busyMs milliseconds until each busy worker is free; the other workers are free now
 * @param jobs service times in the order of processing
 */
export function finishTime(workers: number, busyMs: readonly number[], jobs: readonly number[]): number {
  const freeAt = Array.from({ length: workers }, (_, index) => busyMs[index] ?? 0);
  let end = 0;
  for (const ms of jobs) {
    const first = freeAt.indexOf(Math.min(...freeAt));
    end = (freeAt[first] ?? 0) + ms;
    freeAt[first] = end;
  }
  return end;
}
