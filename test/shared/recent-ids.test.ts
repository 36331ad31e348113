import { expect, it } from 'vitest';
import { RecentIds } from '../../src/shared/recent-ids.ts';

it('RecentIds remembers the latest', () => {
  const ids = new RecentIds(3, ['a', 'b', 'c', 'd']);
  expect(['a', 'b', 'd'].map((id) => ids.has(id))).toEqual([false, true, true]);
  ids.add('e');
  expect(['b', 'c', 'e'].map((id) => ids.has(id))).toEqual([false, true, true]);
});
