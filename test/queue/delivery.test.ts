import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { DeliveryRetrier, RESPONDER_WAIT_MS } from '../../src/queue/delivery.ts';
import type { Job, Outcome } from '../../src/queue/types.ts';
import { cartoonOf, newJob } from './jobs.ts';

const outcome: Outcome = { ok: true, cartoon: cartoonOf(new Uint8Array([1])) };
const options = { log: pino({ level: 'silent' }), attempts: 3, backoffMs: () => 1 };
const started: DeliveryRetrier[] = [];
function start(startMs: number): DeliveryRetrier {
  const retrier = new DeliveryRetrier({ ...options, startMs });
  started.push(retrier);
  return retrier;
}
const jobOfAge = (ageMs: number): Job => ({
  ...newJob('a0'),
  createdAt: Date.now() - ageMs,
  attempt: 1,
});
afterEach(() => {
  for (const retrier of started.splice(0)) retrier.stop();
});

it('gives up what nobody can deliver for a day: its platform was switched off', async () => {
  const retrier = start(0);
  const old = jobOfAge(RESPONDER_WAIT_MS + 1000);
  expect(await retrier.deliver(() => old, outcome)).toBe('failed');
});

it('delivers an old job if its platform comes within a while after the start', async () => {
  const retrier = start(60_000);
  const old = jobOfAge(RESPONDER_WAIT_MS + 1000);
  const end = retrier.deliver(() => old, outcome);
  retrier.set('telegram', async () => {});
  expect(await end).toBe('done');
});

it('waits for a platform that comes later', async () => {
  const retrier = start(0);
  const young = jobOfAge(RESPONDER_WAIT_MS - 60_000);
  const end = retrier.deliver(() => young, outcome);
  retrier.set('telegram', async () => {});
  expect(await end).toBe('done');
});

it('keeps what waits for its platform when it is stopped', async () => {
  const retrier = start(0);
  const end = retrier.deliver(() => jobOfAge(0), outcome);
  retrier.stop();
  expect(await end).toBe('stopped');
});
