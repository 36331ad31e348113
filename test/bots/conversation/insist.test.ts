import { expect, it } from 'vitest';
import { insist } from '../../../src/bots/conversation/insist.ts';

const passing = { isPassing: (error: unknown) => error !== 'final', backoffMs: () => 5 };

it('tries again until it works', async () => {
  const results = ['a', 'b', 'c'];
  const send = async () => {
    const next = results.shift();
    if (next !== 'c') throw next;
    return next;
  };
  expect(await insist(send, { ...passing, signal: new AbortController().signal })).toBe('c');
});

it('gives up what cannot work, and what never does', async () => {
  let tries = 0;
  const failing = (error: string) => async () => {
    tries++;
    throw error;
  };
  const { signal } = new AbortController();
  await expect(insist(failing('final'), { ...passing, signal })).rejects.toBe('final');
  expect(tries).toBe(1);
  await expect(insist(failing('busy'), { ...passing, signal, attempts: 3 })).rejects.toBe('busy');
  expect(tries).toBe(4);
});

it('ends at once when the process stops', async () => {
  const stop = new AbortController();
  const options = { isPassing: () => true, signal: stop.signal, backoffMs: () => 60_000 };
  const insisting = insist(() => Promise.reject(new Error('busy')), options);
  stop.abort();
  await expect(insisting).rejects.toThrow('busy');
});
