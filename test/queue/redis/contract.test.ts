import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { RedisBlobStore } from '../../../src/queue/redis/blobs.ts';
import { connectRedis } from '../../../src/queue/redis/connections.ts';
import { createRedisQueue } from '../../../src/queue/redis/redis-queue.ts';
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
