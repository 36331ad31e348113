/** Trying again, with pauses that grow. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Ends the waiting: the last error is thrown. */
  readonly signal?: AbortSignal;
  /** Whether another try after the pause may help. Default: always. */
  readonly isTransient?: (error: unknown, pauseMs: number) => boolean;
  /** Tries in all. Default: 10, with the default pauses about four minutes. */
  readonly attempts?: number;
  /** Milliseconds after the n-th failure. Default: `exponentialBackoff`. */
  readonly backoffMs?: (failures: number) => number;
  /** Told after each failure that is followed by another try. */
  readonly onFailure?: (error: unknown, failures: number, pauseMs: number) => void;
}

/** 1, 2, 4 ... 60 s. */
export function exponentialBackoff(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** (failures - 1));
}

/** Tries until it works, cannot work, or is of no use any more. @throws what `task` threw last */
export async function retry<T>(task: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const {
    signal,
    isTransient = () => true,
    attempts = 10,
    backoffMs = exponentialBackoff,
    onFailure,
  } = options;
  for (let failures = 1; ; failures++) {
    try {
      return await task();
    } catch (error) {
      const pauseMs = backoffMs(failures);
      if (failures >= attempts || signal?.aborted || !isTransient(error, pauseMs)) throw error;
      onFailure?.(error, failures, pauseMs);
      await sleep(pauseMs, undefined, { ...(signal && { signal }), ref: false }).catch(() => {});
      if (signal?.aborted) throw error;
    }
  }
}
