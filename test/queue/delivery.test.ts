import { expect, it } from 'vitest';
import { exponentialBackoff } from '../../src/queue/delivery.ts';

it('back-off doubles up to a minute', () => {
  expect([1, 2, 3, 7, 20].map(exponentialBackoff)).toEqual([1000, 2000, 4000, 60_000, 60_000]);
});
