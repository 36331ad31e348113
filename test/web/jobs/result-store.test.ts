import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/queue/types.ts';
import { ResultStore } from '../../../src/web/jobs/result-store.ts';

describe('ResultStore', () => {
  const outcome = (bytes: number): Outcome => ({
    ok: true,
    cartoon: {
      image: new Uint8Array(bytes),
      format: 'jpeg',
      width: 1,
      height: 1,
      faces: 0,
      timings: { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: 0 },
    },
  });
  const store = (options: Partial<ConstructorParameters<typeof ResultStore>[0]> = {}) =>
    new ResultStore({ maxCount: 3, maxBytes: 100, keepMs: 1000, now: () => now, ...options });
  let now = 0;

  it('forgets when the time is over', () => {
    now = 0;
    const results = store();
    results.put('a', outcome(1));
    expect(results.get('a')?.expiresAt).toBe(1000);
    now = 999;
    expect(results.get('a')).toBeDefined();
    now = 1000;
    expect(results.get('a')).toBeUndefined();
    results.put('b', outcome(1));
    now = 2000;
    results.sweep();
    expect(results.size).toEqual({ count: 0, bytes: 0 });
  });

  it('pushes out what was fetched first, then the oldest, never the newest', () => {
    const results = store();
    for (const id of ['a', 'b', 'c']) results.put(id, outcome(10));
    results.fetched('b');
    results.put('d', outcome(10));
    expect(['a', 'b', 'c', 'd'].map((id) => results.get(id) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    results.put('e', outcome(75));
    expect(['a', 'c', 'd', 'e'].map((id) => results.get(id) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    results.put('f', outcome(1000));
    expect(results.size).toEqual({ count: 1, bytes: 1000 });
  });

  it('counts an id that comes again once', () => {
    const results = store();
    results.put('a', outcome(10));
    results.put('a', outcome(20));
    expect(results.size).toEqual({ count: 1, bytes: 20 });
    expect(results.delete('a')).toBe(true);
    expect(results.delete('a')).toBe(false);
    expect(results.size).toEqual({ count: 0, bytes: 0 });
  });

  it('that may keep nothing keeps until fetched, a minute at most', () => {
    now = 0;
    const results = store({ keepMs: 0 });
    results.put('a', outcome(1));
    results.put('b', outcome(1));
    results.fetched('a');
    expect(results.get('a')).toBeUndefined();
    now = 59_999;
    expect(results.get('b')).toBeDefined();
    now = 60_000;
    expect(results.get('b')).toBeUndefined();
  });
});
