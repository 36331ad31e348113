import { expect, it } from 'vitest';
import { exponentialBackoff, retry } from '../../src/shared/retry.ts';

const passing = { isTransient: (error: unknown) => error !== 'final', backoffMs: () => 5 };

it('tries again until it works', async () => {
  const results = ['a', 'b', 'c'];
  const send = async () => {
    const next = results.shift();
    if (next !== 'c') throw next;
    return next;
  };
  expect(await retry(send, { ...passing, signal: new AbortController().signal })).toBe('c');
});

it('gives up what cannot work, and what never does', async () => {
  let tries = 0;
  const failing = (error: string) => async () => {
    tries++;
    throw error;
  };
  const { signal } = new AbortController();
  await expect(retry(failing('final'), { ...passing, signal })).rejects.toBe('final');
  expect(tries).toBe(1);
  await expect(retry(failing('busy'), { ...passing, signal, attempts: 3 })).rejects.toBe('busy');
  expect(tries).toBe(4);
});

it('ends at once when the process stops', async () => {
  const stop = new AbortController();
  const options = { isTransient: () => true, signal: stop.signal, backoffMs: () => 60_000 };
  const retrying = retry(() => Promise.reject(new Error('busy')), options);
  stop.abort();
  await expect(retrying).rejects.toThrow('busy');
});

it('back-off doubles up to a minute', () => {
  expect([1, 2, 3, 7, 20].map(exponentialBackoff)).toEqual([1000, 2000, 4000, 60_000, 60_000]);
});
