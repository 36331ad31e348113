/** What others may put into Redis: it neither harms a process nor reaches a path or a key. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue as BullQueue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RESPONDER_WAIT_MS } from '../../../src/queue/delivery.ts';
import { createRedisQueue } from '../../../src/queue/redis/redis-queue.ts';
import { JobStore } from '../../../src/queue/redis/store.ts';
import type { Job, Outcome, Queue } from '../../../src/queue/types.ts';
import { FolderBlobStore } from '../../../src/storage/blobs/folder.ts';
import { connectRedis, type RedisConnections } from '../../../src/storage/redis-connections.ts';
import { RedisServer } from '../../support/redis.ts';
import { cartoonOf, newJob } from '../jobs.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };
const log = pino({ level: 'silent' });
const photo = new Uint8Array([1, 2, 3]);

let server: RedisServer;
let client: Redis;
let folder: string;
let prefix: string;
const queues: Queue[] = [];
const closers: (() => void)[] = [];
beforeAll(async () => {
  server = await RedisServer.start();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});
beforeEach(async () => {
  prefix = `{${randomUUID()}}:`;
  folder = await mkdtemp(join(tmpdir(), 'dctoon-strangers-'));
});
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
  for (const close of closers.splice(0)) close();
  await rm(folder, { recursive: true, force: true });
});

async function connect(): Promise<RedisConnections> {
  const redis = await connectRedis({ url: server.url, log, prefix });
  closers.push(redis.close);
  return redis;
}

async function open(): Promise<Queue> {
  const redis = await connect();
  const blobs = await FolderBlobStore.open({ folder: join(folder, 'blobs'), log });
  closers.push(() => blobs.close());
  const options = { concurrency: 1, limit: 99, limitPerUser: 99, leaseMs: 2000, closeMs: 1000 };
  const queue = await createRedisQueue({ ...options, redis, blobs, log });
  queues.push(queue);
  return queue;
}

describe('a stranger with access to Redis', () => {
  it('ends no process by rubbish on a channel', async () => {
    const queue = await open();
    const answers: string[] = [];
    queue.onOutcome('telegram', async ({ id }) => void answers.push(id));
    queue.process(async (task) => cartoonOf(task.photo));
    const channels = (await client.pubsub('CHANNELS', `${prefix}*`)) as string[];
    expect(channels).toHaveLength(1);
    const rubbish = [
      '',
      '{',
      'null',
      '[]',
      '[1]',
      '["settled"]',
      '["abort","a0","nonsense"]',
      '{"a":1}',
      '\0',
    ];
    for (const text of rubbish) {
      for (const channel of channels) expect(await client.publish(channel, text)).toBe(1);
    }
    await queue.submit(newJob('a0'), photo);
    await vi.waitFor(() => expect(answers).toEqual(['a0']), PATIENCE);
  });

  const damaged: [string, string, Record<string, string>][] = [
    ['an id that is a path', '../../poc', { job: JSON.stringify({ ...newJob('../../poc'), createdAt: 1 }) }],
    ['another id than its key', 'x0', { job: JSON.stringify({ ...newJob('../../poc'), createdAt: 1 }) }],
    ['a job that is no JSON', 'x1', { job: '{"id":' }],
    ['a job without a user', 'x2', { job: JSON.stringify({ id: 'x2', createdAt: 1 }) }],
    [
      'an unknown platform',
      'x3',
      { job: JSON.stringify({ ...newJob('x3'), platform: '../x', createdAt: 1 }) },
    ],
  ];

  it.each(damaged)('has %s worked on and answered by nobody, and it is gone', async (_name, id, fields) => {
    const queue = await open();
    const drawn: string[] = [];
    const answers: string[] = [];
    queue.onOutcome('telegram', async (job: Job) => void answers.push(job.id));
    queue.process(async (task) => {
      drawn.push(task.job.id);
      return cartoonOf(task.photo);
    });
    // As submit.lua leaves it, of a process that has died.
    const now = Date.now();
    await client.hset(`${prefix}job:${id}`, {
      user: 'tg-x',
      platform: 'telegram',
      style: '3d',
      state: 'queued',
      since: now - 60_000,
      attempt: 1,
      owner: 'dead',
      nonce: 'n',
      round: 0,
      priority: 1,
      expires: '',
      ...fields,
    });
    await client.set(`${prefix}reply:${id}`, '{"chat":1}');
    await client.sadd(`${prefix}owned:dead`, id);
    await client.zadd(`${prefix}instances`, 0, 'dead');
    await client.zadd(`${prefix}live`, now - 60_000, id);
    const bull = new BullQueue('photos', {
      connection: await connect().then(({ persistent }) => persistent),
      prefix: prefix.replace(/:$/, ''),
    });
    await bull.add('3d', {}, { jobId: id, priority: 1 });
    await bull.close();

    await vi.waitFor(async () => {
      expect(await client.exists(`${prefix}job:${id}`)).toBe(0);
      expect(await client.zscore(`${prefix}live`, id)).toBeNull();
    }, PATIENCE);
    // The worker is free for others.
    await queue.submit(newJob('a0'), photo);
    await vi.waitFor(() => expect(answers).toEqual(['a0']), PATIENCE);
    expect(drawn).toEqual(['a0']);
    expect(await readdir(folder, { recursive: true })).toEqual(
      expect.not.arrayContaining([expect.stringContaining('poc')]),
    );
  });
});

describe('a platform that was switched off', () => {
  it('leaves its photos to whoever is there, when they were not delivered for a day', async () => {
    const [gone, there] = [new JobStore(await connect(), 'gone'), new JobStore(await connect(), 'there')];
    const job = { ...newJob('a0'), platform: 'discord' as const, createdAt: Date.now() };
    await gone.submit({ job, reply: null, nonce: 'n', limit: 9, limitPerUser: 9 });
    await gone.start('a0');
    const outcome: Outcome = { ok: true, cartoon: cartoonOf(photo) };
    await gone.settle('a0', outcome);
    await client.zadd(`${prefix}instances`, 1, 'gone');
    expect(await there.claim(1, RESPONDER_WAIT_MS, ['telegram'])).toEqual([]);
    await client.hset(`${prefix}job:a0`, 'since', Date.now() - RESPONDER_WAIT_MS - 1000);
    expect(await there.claim(1, RESPONDER_WAIT_MS, ['telegram'])).toEqual(['a0']);
  });
});
