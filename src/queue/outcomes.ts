/** Small pieces that every engine of the queue needs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DctoonError } from '../shared/errors.ts';
import type { Outcome } from './types.ts';

/** Waits for a promise, but not longer than `ms`; leaves no timer behind that would keep the process alive. @returns whether it was in time */
export async function within(done: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal });
  return Promise.race([done.then(() => true), late]).finally(() => timer.abort());
}

export function failure(error: DctoonError): Outcome {
  return { ok: false, error };
}

/** Error details of an expected wait. */
export function wait(ms: number): { seconds: number } {
  return { seconds: Math.ceil(ms / 1000) };
}

/** A copy by way of JSON: what would not survive a restart fails in the first test, not after the first restart. */
export function plain<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
