import { expect, it } from 'vitest';
import { concurrencyOf } from '../../src/app/concurrency.ts';

const GB = 1e9;

it.each([
  [{ cores: 2, memoryBytes: 4 * GB }, 2],
  [{ cores: 1.5, memoryBytes: 4 * GB }, 1],
  [{ cores: 0.5, memoryBytes: 4 * GB }, 1],
  [{ cores: 8, memoryBytes: 1 * GB }, 2],
  [{ cores: 8, memoryBytes: 0.4 * GB }, 1],
  [{ cores: 16, memoryBytes: 64 * GB }, 16],
])('auto on %j is %i', (machine, expected) => {
  expect(concurrencyOf({ QUEUE_CONCURRENCY: 'auto', TIER: 'full' }, machine)).toBe(expected);
});

it('what is set counts, and a thread of the service is one', () => {
  const machine = { cores: 2, memoryBytes: 4 * GB };
  expect(concurrencyOf({ QUEUE_CONCURRENCY: 5, TIER: 'full' }, machine)).toBe(5);
  expect(concurrencyOf({ QUEUE_CONCURRENCY: 'auto', TIER: 'small' }, machine)).toBe(1);
});
