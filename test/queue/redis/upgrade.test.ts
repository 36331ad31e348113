/** What version 0.1 left in Redis (test/fixtures/version-0.1/redis.json, read out of it) is taken over and answered. */
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisPreferences } from '../../../src/bots/conversation/preferences/redis-preferences.ts';
import { createRedisQueue } from '../../../src/queue/redis/redis-queue.ts';
import type { Job, Outcome, Queue } from '../../../src/queue/types.ts';
import { RedisBlobStore } from '../../../src/storage/blobs/redis.ts';
import { connectRedis, type RedisConnections } from '../../../src/storage/redis-connections.ts';
import { RedisServer } from '../../support/redis.ts';
import { cartoonOf, newJob } from '../jobs.ts';

type Entry =
  | [key: string, type: 'string', value: string | number[]]
  | [key: string, type: 'hash', value: Record<string, string>]
  | [key: string, type: 'zset' | 'list' | 'set', value: string[]];

const FIXTURE = new URL('../../fixtures/version-0.1/redis.json', import.meta.url);
const PATIENCE = { timeout: 20_000, interval: 20 };
const log = pino({ level: 'silent' });

async function restore(redis: Redis): Promise<void> {
  for (const [key, type, value] of JSON.parse(await readFile(FIXTURE, 'utf8')) as Entry[]) {
    if (type === 'string') await redis.set(key, typeof value === 'string' ? value : Buffer.from(value));
    else if (type === 'hash') await redis.hset(key, value);
    else if (type === 'list') await redis.rpush(key, ...value);
    else if (type === 'set') await redis.sadd(key, ...value);
    else for (let i = 0; i < value.length; i += 2) await redis.zadd(key, value[i + 1] ?? 0, value[i] ?? '');
  }
}

describe('the Redis of version 0.1', () => {
  let server: RedisServer;
  let client: Redis;
  let redis: RedisConnections;
  const queues: Queue[] = [];
  beforeAll(async () => {
    server = await RedisServer.start();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await restore(client);
    redis = await connectRedis({ url: server.url, log });
  });
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
    redis.close();
    await client.flushall();
  });

  async function open(): Promise<Queue> {
    const blobs = new RedisBlobStore({ redis });
    const options = { concurrency: 1, limit: 9, limitPerUser: 9, leaseMs: 2000, closeMs: 1000 };
    const queue = await createRedisQueue({ ...options, redis, blobs, log });
    queues.push(queue);
    return queue;
  }

  it('gives every photo its answer, once, and leaves nothing behind', async () => {
    const queue = await open();
    const answers = new Map<string, { job: Job; outcome: Outcome }>();
    let count = 0;
    queue.onOutcome('telegram', async (job, outcome) => {
      count += 1;
      answers.set(job.id, { job, outcome });
    });
    expect(queue.counts()).toEqual({ queued: 2, processing: 1, delivering: 1 });
    queue.process(async ({ photo }) => cartoonOf(photo));
    await vi.waitFor(
      () => expect([...answers.keys()].sort()).toEqual(['answering0', 'running0', 'waiting0', 'waiting1']),
      PATIENCE,
    );
    const imageOf = (id: string) => {
      const { outcome } = answers.get(id) ?? {};
      return outcome?.ok ? [...outcome.cartoon.image] : outcome?.error.code;
    };
    // Drawn before the update, and not again.
    expect(imageOf('answering0')).toEqual([9, 9]);
    expect(['running0', 'waiting0', 'waiting1'].map(imageOf)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(answers.get('running0')?.job).toMatchObject({ attempt: 2, user: 'tg-running' });
    expect(answers.get('waiting0')?.job).toEqual({
      ...newJob('waiting0', { format: 'png', maxBytes: 10_000_000, expiresAt: 4102444800000 }),
      createdAt: expect.any(Number),
      attempt: 1,
    });
    await vi.waitFor(
      () => expect(queue.counts()).toEqual({ queued: 0, processing: 0, delivering: 0 }),
      PATIENCE,
    );
    expect(count).toBe(4);
    const left = await client.keys('*');
    expect(left.filter((key) => /(job|reply|turns|blob):/.test(key))).toEqual([]);
    expect(left.filter((key) => /:(depth|beaten|running)$/.test(key))).toEqual([]);
  });

  it('knows what it has answered, and counts each user', async () => {
    const queue = await open();
    expect(await queue.known('done0')).toMatchObject({ duplicate: true });
    expect(await queue.known('waiting1')).toMatchObject({ state: 'queued', ahead: 1 });
    const next = await queue.submit(newJob('waiting2'), new Uint8Array([1]));
    expect(next).toMatchObject({ state: 'queued', duplicate: false });
  });

  it('is migrated once, whoever starts when', async () => {
    const [a] = await Promise.all([open(), open(), open()]);
    expect(a?.counts()).toEqual({ queued: 2, processing: 1, delivering: 1 });
    expect(await client.get('{dctoon}:schema')).toBe('2');
  });

  it('keeps the styles that people chose', async () => {
    const preferences = await RedisPreferences.open({ redis, log });
    expect(preferences.style('tg-42')).toBe('anime');
  });
});
