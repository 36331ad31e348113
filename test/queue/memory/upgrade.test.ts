/** A spool that version 0.1 left when it was killed (test/fixtures/version-0.1/spool.json) is taken over and answered. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createMemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { openSpool } from '../../../src/queue/memory/spool.ts';
import type { Job, Outcome } from '../../../src/queue/types.ts';
import { cartoonOf, newJob } from '../jobs.ts';

const FIXTURE = new URL('../../fixtures/version-0.1/spool.json', import.meta.url);
const BLOBS = {
  'answering0.photo': [1, 2, 3],
  'answering0.cartoon': [9, 9],
  'running0.photo': [1, 2, 3],
  'waiting0.photo': [1, 2, 3],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-upgrade-'));
  const files = {
    ...(JSON.parse(await readFile(FIXTURE, 'utf8')) as Record<string, string>),
    ...Object.fromEntries(
      Object.entries(BLOBS).map(([name, bytes]) => [`blobs/${name}`, Buffer.from(bytes)]),
    ),
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  for (const name of ['bad', 'tmp']) await mkdir(join(folder, name));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('the spool of version 0.1 gives every photo its answer, and nothing of it is left', async () => {
  const log = pino({ level: 'silent' });
  const spool = await openSpool({ folder, log });
  const queue = await createMemoryQueue({
    concurrency: 1,
    limit: 9,
    limitPerUser: 9,
    blobs: spool,
    journal: spool,
    log,
  });
  const answers = new Map<string, { job: Job; outcome: Outcome }>();
  queue.onOutcome('telegram', async (job, outcome) => void answers.set(job.id, { job, outcome }));
  expect(await queue.known('done0')).toMatchObject({ duplicate: true });
  queue.process(async ({ photo }) => cartoonOf(photo));
  await vi.waitFor(() => expect([...answers.keys()].sort()).toEqual(['answering0', 'running0', 'waiting0']), {
    timeout: 10_000,
    interval: 10,
  });
  const imageOf = (id: string) => {
    const { outcome } = answers.get(id) ?? {};
    return outcome?.ok && [...outcome.cartoon.image];
  };
  // Drawn before the update, and not again.
  expect(['answering0', 'running0', 'waiting0'].map(imageOf)).toEqual([
    [9, 9],
    [1, 2, 3],
    [1, 2, 3],
  ]);
  expect(answers.get('running0')?.job).toMatchObject({ attempt: 2, user: 'tg-running' });
  expect(answers.get('waiting0')?.job).toEqual({
    ...newJob('waiting0', { format: 'png', maxBytes: 10_000_000, expiresAt: 4102444800000 }),
    createdAt: expect.any(Number),
    attempt: 1,
  });
  expect(await queue.drain(10_000)).toBe(0);
  await queue.close();
  const left = await readdir(folder, { recursive: true });
  expect(left.sort()).toEqual(
    ['bad', 'blobs', 'delivering', 'finished.log', 'processing', 'queued', 'tmp'].sort(),
  );
});
