import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTurns } from '../../../src/web/middleware/turns.ts';

it('lets visitors take turns, however much one of them asks for', async () => {
  const turns = createTurns();
  const done: string[] = [];
  const ask = (visitor: string) => turns.take(visitor, () => done.push(visitor));
  for (let number = 0; number < 4; number++) ask('greedy');
  ask('modest');
  ask('other');
  while (done.length < 6) await turnOfTheLoop();
  expect(done).toEqual(['greedy', 'greedy', 'modest', 'other', 'greedy', 'greedy']);
});

it('does one piece of work at a time, and what comes when nobody waits at once', async () => {
  const turns = createTurns();
  const done: number[] = [];
  for (let number = 0; number < 3; number++) turns.take('a', () => done.push(number));
  expect(done).toEqual([0]);
  await turnOfTheLoop();
  expect(done.length).toBeLessThan(3);
  while (done.length < 3) await turnOfTheLoop();
  for (let round = 0; round < 3; round++) await turnOfTheLoop();
  turns.take('a', () => done.push(3));
  expect(done).toEqual([0, 1, 2, 3]);
});

it('lets in who waits at the door before it works, but not for ever', async () => {
  const turns = createTurns();
  let isDone = false;
  turns.take('a', () => {});
  turns.take('a', () => {
    isDone = true;
  });
  let arrivals = 0;
  while (!isDone) {
    turns.arrived();
    arrivals += 1;
    await turnOfTheLoop();
  }
  expect(arrivals).toBeGreaterThan(20);
  expect(arrivals).toBeLessThan(200);
});
