import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../../src/queue/memory/fair-queue.ts';

describe('FairQueue', () => {
  /** A line whose elements tell who they are. */
  const line = () => {
    const queue = new FairQueue();
    const names = new Map<() => Promise<unknown>, string>();
    const enqueue = (id: string, isLarge = false) => {
      const run = async () => {};
      names.set(run, id);
      queue.enqueue(run, { id, user: id.replace(/\d+$/, ''), isLarge });
    };
    const dequeue = () => {
      const run = queue.dequeue();
      return run && names.get(run);
    };
    const all = () => Array.from({ length: queue.size }, dequeue);
    return { queue, enqueue, dequeue, all };
  };

  it('takes users in turns', () => {
    const { enqueue, all } = line();
    for (const id of ['a0', 'a1', 'b0', 'c0', 'a2', 'b1']) enqueue(id);
    expect(all()).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2']);
  });

  it('lets a few pass a large one of the same turn, and none of a later turn', () => {
    const { queue, enqueue, all } = line();
    for (const id of ['a0', 'b0', 'a1']) enqueue(id, true);
    expect(queue.beforeNext('c')).toEqual([]);
    enqueue('c0');
    enqueue('c1');
    expect(queue.before('c1')).toEqual(['c0', 'a0', 'b0']);
    expect(all()).toEqual(['c0', 'a0', 'b0', 'c1', 'a1']);
    enqueue('z0', true);
    for (let user = 0; user < 20; user++) enqueue(`${String.fromCharCode(97 + user)}0`);
    const place = all().indexOf('z0');
    expect(place).toBeGreaterThan(3);
    expect(place).toBeLessThan(10);
  });

  it('remembers who was served last', () => {
    const { enqueue, dequeue, all } = line();
    enqueue('a0');
    dequeue();
    for (const id of ['a1', 'b0']) enqueue(id);
    expect(all()).toEqual(['b0', 'a1']);
  });

  it('does not hold old service against a user', () => {
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

  it('predicts the order: nobody who is told a place is overtaken by the same user or by a later round', () => {
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
        // Within a user: first come, first served.
        for (const user of 'abcd') {
          const mine = order.filter((id) => id.startsWith(user)).map((id) => Number(id.slice(1)));
          expect(mine).toEqual([...mine].sort((a, b) => a - b));
        }
        // Between users: while both wait, nobody is served twice more often than the other, once each at the least.
        for (const user of 'abcd') {
          const last = order.findLastIndex((id) => id.startsWith(user));
          for (const other of 'abcd') {
            const otherLast = order.findLastIndex((id) => id.startsWith(other));
            const both = order.slice(0, Math.min(last, otherLast) + 1);
            const served = (name: string) => both.filter((id) => id.startsWith(name)).length;
            expect(Math.abs(served(user) - served(other))).toBeLessThanOrEqual(2);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
