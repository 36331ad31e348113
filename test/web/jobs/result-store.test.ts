import { describe, expect, it } from 'vitest';
import { pictureInMemory } from '../../../src/web/jobs/picture.ts';
import { type Finished, ResultStore } from '../../../src/web/jobs/result-store.ts';

describe('ResultStore', () => {
  const outcome = (bytes: number): Finished => ({
    ok: true,
    cartoon: {
      format: 'jpeg',
      width: 1,
      height: 1,
      faces: 0,
      timings: { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: 0 },
    },
    picture: pictureInMemory(new Uint8Array(bytes)),
  });
  const store = (options: Partial<ConstructorParameters<typeof ResultStore>[0]> = {}) =>
    new ResultStore({
      maxCount: 3,
      maxBytes: 100,
      keepMs: 1000,
      share: 1,
      now: () => now,
      monotonic: () => now,
      ...options,
    });
  let now = 0;
  const put = (results: ResultStore, id: string, bytes: number, user = 'web-a') =>
    results.put(id, { outcome: outcome(bytes), expiresAt: results.expiry(), user });

  it('forgets when the time is over', () => {
    now = 0;
    const results = store();
    put(results, 'a', 1);
    expect(results.get('a')?.expiresAt).toBe(1000);
    now = 999;
    expect(results.get('a')).toBeDefined();
    now = 1000;
    expect(results.get('a')).toBeUndefined();
    put(results, 'b', 1);
    now = 2000;
    results.sweep();
    expect(results.size).toEqual({ count: 0, bytes: 0 });
  });

  it('pushes out what was fetched first, then the oldest, never the newest', () => {
    const results = store();
    for (const id of ['a', 'b', 'c']) put(results, id, 10);
    results.fetched('b');
    put(results, 'd', 10);
    expect(['a', 'b', 'c', 'd'].map((id) => results.get(id) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    put(results, 'e', 75);
    expect(['a', 'c', 'd', 'e'].map((id) => results.get(id) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    put(results, 'f', 1000);
    expect(results.size).toEqual({ count: 1, bytes: 1000 });
  });

  it('counts an id that comes again once', () => {
    const results = store();
    put(results, 'a', 10);
    put(results, 'a', 20);
    expect(results.size).toEqual({ count: 1, bytes: 20 });
    expect(results.delete('a')).toBe(true);
    expect(results.delete('a')).toBe(false);
    expect(results.size).toEqual({ count: 0, bytes: 0 });
  });

  it('that may keep nothing keeps until fetched, a minute at most', () => {
    now = 0;
    const results = store({ keepMs: 0 });
    put(results, 'a', 1);
    put(results, 'b', 1);
    results.fetched('a');
    expect(results.get('a')).toBeUndefined();
    now = 59_999;
    expect(results.get('b')).toBeDefined();
    now = 60_000;
    expect(results.get('b')).toBeUndefined();
  });

  it('takes room from nobody but who needs it', () => {
    now = 0;
    const results = store({ maxCount: 40, maxBytes: 100, share: 0.25 });
    put(results, 'mine', 20, 'web-b');
    for (let n = 0; n < 7; n++) put(results, `large${n}`, 25, 'web-a');
    expect(results.get('mine')).toBeDefined();
    expect(results.get('large6')).toBeDefined();
    expect(results.size.bytes).toBe(45);
    // Many users together: whoever holds most gives way.
    for (const user of ['c', 'd', 'e', 'f']) put(results, user, 15, `web-${user}`);
    expect(results.get('mine')).toBeDefined();
    expect(results.size.bytes).toBeLessThanOrEqual(100);
    expect(results.get('large6')).toBeUndefined();
  });

  it('is not fooled by a clock that is set back', () => {
    let clock = 5_000_000;
    now = 0;
    const results = store({ now: () => clock });
    put(results, 'a', 1);
    clock = 0;
    now = 1000;
    expect(results.get('a')).toBeUndefined();
  });
});
