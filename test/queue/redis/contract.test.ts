import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { createRedisQueue } from '../../../src/queue/redis/redis-queue.ts';
import { RedisBlobStore } from '../../../src/storage/blobs/redis.ts';
import { connectRedis } from '../../../src/storage/redis-connections.ts';
import { RedisServer } from '../../support/redis.ts';
import { describeQueue } from '../contract.ts';

const log = pino({ level: process.env['LOG'] ?? 'silent' });
let server: RedisServer;
const open: (() => void)[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(async () => {
  for (const close of open) close();
  await server.stop();
});

describeQueue('on Redis', async (options) => {
  const redis = await connectRedis({ url: server.url, log, prefix: `{${randomUUID()}}:` });
  open.push(redis.close);
  return createRedisQueue({ ...options, redis, blobs: new RedisBlobStore({ redis }), log });
});
