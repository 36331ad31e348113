import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { exponentialBackoff } from '../../src/queue/delivery.ts';
import { FairQueue } from '../../src/queue/memory/fair-queue.ts';
import { RecentIds } from '../../src/queue/memory/recent-ids.ts';
import { finishTime, ServiceTimes } from '../../src/queue/service-times.ts';
import { MemoryBlobStore } from '../../src/storage/blobs/types.ts';

describe('FairQueue', () => {
  /** A line whose elements tell who they are. */
  const line = () => {
    const queue = new FairQueue();
    const names = new Map<() => Promise<unknown>, string>();
    const enqueue = (id: string) => {
      const run = async () => {};
      names.set(run, id);
      queue.enqueue(run, { id, lane: id.replace(/\d+$/, '') });
    };
    const dequeue = () => {
      const run = queue.dequeue();
      return run && names.get(run);
    };
    const all = () => Array.from({ length: queue.size }, dequeue);
    return { queue, enqueue, dequeue, all };
  };

  it('takes lanes in turns', () => {
    const { enqueue, all } = line();
    for (const id of ['a0', 'a1', 'b0', 'c0', 'a2', 'b1']) enqueue(id);
    expect(all()).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2']);
  });

  it('remembers who was served last', () => {
    const { enqueue, dequeue, all } = line();
    enqueue('a0');
    dequeue();
    for (const id of ['a1', 'b0']) enqueue(id);
    expect(all()).toEqual(['b0', 'a1']);
  });

  it('does not hold old service against a lane', () => {
    const { enqueue, dequeue, all } = line();
    for (let index = 0; index < 9; index++) {
      enqueue(`a${index}`);
      dequeue();
    }
    for (const id of ['b0', 'b1', 'b2']) enqueue(id);
    expect(all()).toEqual(['b0', 'b1', 'b2']);
    for (const id of ['a9', 'b3']) enqueue(id);
    expect(all()).toEqual(['a9', 'b3']);
  });

  it('forgets withdrawn jobs as if they had never been there', () => {
    const { queue, enqueue, all } = line();
    for (const id of ['a0', 'a1', 'a2', 'a3', 'b0', 'b1']) enqueue(id);
    for (const id of ['a0', 'a1', 'a2', 'unknown']) queue.remove(id);
    enqueue('a4');
    expect(all()).toEqual(['a3', 'b0', 'b1', 'a4']);
  });

  it('predicts the order: nobody who is told a place is overtaken by the same lane or by a later round', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd', '-', 'x'), { maxLength: 60 }), (steps) => {
        const { queue, enqueue, dequeue, all } = line();
        const waiting: string[] = [];
        steps.forEach((step, index) => {
          if (step === '-') {
            const id = dequeue();
            if (id) waiting.splice(waiting.indexOf(id), 1);
          } else if (step === 'x') {
            const id = waiting[index % Math.max(1, waiting.length)];
            if (id) queue.remove(id);
            if (id) waiting.splice(waiting.indexOf(id), 1);
          } else {
            const id = `${step}${index}`;
            const predicted = queue.beforeNext(step);
            enqueue(id);
            expect(queue.before(id)).toEqual(predicted);
            waiting.push(id);
          }
        });
        const places = new Map(waiting.map((id) => [id, queue.before(id)?.length]));
        expect(queue.size).toBe(waiting.length);
        const order = all() as string[];
        expect([...order].sort()).toEqual([...waiting].sort());
        order.forEach((id, index) => {
          expect(places.get(id)).toBe(index);
        });
        // Within a lane: first come, first served.
        for (const lane of 'abcd') {
          const mine = order.filter((id) => id.startsWith(lane)).map((id) => Number(id.slice(1)));
          expect(mine).toEqual([...mine].sort((a, b) => a - b));
        }
        // Between lanes: while both wait, nobody is served twice more often than the other, once each at the least.
        for (const lane of 'abcd') {
          const last = order.findLastIndex((id) => id.startsWith(lane));
          for (const other of 'abcd') {
            const otherLast = order.findLastIndex((id) => id.startsWith(other));
            const both = order.slice(0, Math.min(last, otherLast) + 1);
            const served = (name: string) => both.filter((id) => id.startsWith(name)).length;
            expect(Math.abs(served(lane) - served(other))).toBeLessThanOrEqual(2);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('service times', () => {
  it('start with the expectation, then follow the measurements of each style', () => {
    const times = new ServiceTimes(2000);
    expect(times.expect('3d')).toBe(2000);
    times.record('3d', 1000);
    expect([times.expect('3d'), times.expect('anime'), times.expect()]).toEqual([1000, 1000, 1000]);
    times.record('anime', 500);
    expect(times.expect('anime')).toBe(500);
    expect(times.expect()).toBe(900);
    for (let index = 0; index < 50; index++) times.record('3d', 3000);
    expect(times.expect('3d')).toBeCloseTo(3000, -1);
    expect(times.expect('anime')).toBe(500);
  });

  it('add up over the workers', () => {
    expect(finishTime(1, [], [100])).toBe(100);
    expect(finishTime(1, [50], [100, 100])).toBe(250);
    expect(finishTime(2, [50], [100, 100])).toBe(150);
    expect(finishTime(2, [50, 400], [100, 100, 100])).toBe(350);
    expect(finishTime(3, [], [])).toBe(0);
  });
});

describe('MemoryBlobStore', () => {
  it('gives back what was put, until it is deleted', async () => {
    const blobs = new MemoryBlobStore();
    await blobs.put('a', new Uint8Array([1]));
    await blobs.put('a', new Uint8Array([2, 3]));
    expect(await blobs.get('a')).toEqual(new Uint8Array([2, 3]));
    expect(blobs.bytes).toBe(2);
    await blobs.delete('a');
    await blobs.delete('a');
    expect(await blobs.get('a')).toBeUndefined();
    expect(blobs.bytes).toBe(0);
  });

  it('gives room to new blobs at the cost of released ones, oldest first, never of live ones', async () => {
    const blobs = new MemoryBlobStore({ maxBytes: 10, keepMs: 60_000 });
    for (const key of ['a', 'b', 'c']) await blobs.put(key, new Uint8Array(3));
    await blobs.release('a');
    await blobs.release('b');
    await blobs.put('d', new Uint8Array(4));
    expect(await blobs.get('a')).toBeUndefined();
    expect(await blobs.get('b')).toBeDefined();
    await expect(blobs.put('e', new Uint8Array(8))).rejects.toMatchObject({ code: 'storage_full' });
    expect(await blobs.get('c')).toBeDefined();
    expect(await blobs.get('d')).toBeDefined();
  });

  it('deletes released blobs after the retention time, at once without one', async () => {
    vi.useFakeTimers();
    try {
      const blobs = new MemoryBlobStore({ keepMs: 1000 });
      await blobs.put('a', new Uint8Array(3));
      await blobs.release('a');
      await vi.advanceTimersByTimeAsync(999);
      expect(await blobs.get('a')).toBeDefined();
      await vi.advanceTimersByTimeAsync(2);
      expect(await blobs.get('a')).toBeUndefined();
      expect(blobs.bytes).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    const blobs = new MemoryBlobStore();
    await blobs.put('a', new Uint8Array(3));
    await blobs.release('a');
    expect(await blobs.get('a')).toBeUndefined();
  });
});

it('RecentIds remembers the latest', () => {
  const ids = new RecentIds(3, ['a', 'b', 'c', 'd']);
  expect(['a', 'b', 'd'].map((id) => ids.has(id))).toEqual([false, true, true]);
  ids.add('e');
  expect(['b', 'c', 'e'].map((id) => ids.has(id))).toEqual([false, true, true]);
});

it('back-off doubles up to a minute', () => {
  expect([1, 2, 3, 7, 20].map(exponentialBackoff)).toEqual([1000, 2000, 4000, 60_000, 60_000]);
});
