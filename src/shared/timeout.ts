/** Time limits. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a promise, but not longer than `ms`; leaves no timer behind that would keep the process alive. @returns whether it was in time */
export async function within(done: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal });
  return Promise.race([done.then(() => true), late]).finally(() => timer.abort());
}

/**
 * A promise that fails when it takes longer than `ms`. What it waits for goes on: stop that by an `AbortSignal`.
 * @throws what `late` returns
 */
export async function orFail<T>(done: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  return Promise.race([done, limit]).finally(() => clearTimeout(timer));
}

/**
 * A promise that rejects as soon as the signal aborts, whatever it waits for; that should heed the signal too.
 * @throws the signal's reason
 */
export async function unlessAborted<T>(signal: AbortSignal, done: Promise<T>): Promise<T> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  return Promise.race([done, aborted]).finally(() => signal.removeEventListener('abort', abort));
}

/** Longest delay of a Node timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `late` at a time in epoch milliseconds, or soon if that is over; does not keep the process alive. */
export function setDeadline(at: number, late: () => void): NodeJS.Timeout {
  return setTimeout(late, Math.min(Math.max(0, at - Date.now()), LONGEST_TIMER_MS)).unref();
}
