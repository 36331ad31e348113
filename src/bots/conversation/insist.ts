/** For sentences that no queue stands behind, such as refusals: somebody waits for them all the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exponentialBackoff } from '../../queue/delivery.ts';

export interface InsistOptions {
  /** Whether another try may help. */
  readonly isPassing: (error: unknown) => boolean;
  /** Ends the waiting: the last error is thrown. */
  readonly signal: AbortSignal;
  /** Tries in all. Default: 10, about four minutes, as the queue's. */
  readonly attempts?: number;
  /** Milliseconds after the n-th failure. Default: 1, 2, 4 ... 60 s. */
  readonly backoffMs?: (failures: number) => number;
}

/** Tries until it works, cannot work, or is of no use any more. @throws what `send` threw last */
export async function insist<T>(send: () => Promise<T>, options: InsistOptions): Promise<T> {
  const { isPassing, signal, attempts = 10, backoffMs = exponentialBackoff } = options;
  for (let failures = 1; ; failures++) {
    try {
      return await send();
    } catch (error) {
      if (failures >= attempts || signal.aborted || !isPassing(error)) throw error;
      await sleep(backoffMs(failures), undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) throw error;
    }
  }
}
