/** The order of queued jobs in BullMQ, where several processes change it at once. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BullQueue } from '../../../src/queue/redis/bull-queue.ts';
import { connectRedis } from '../../../src/storage/redis-connections.ts';
import { RedisServer } from '../../support/redis.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

it('gives no other priority to a job that is taken out meanwhile, and does not mind', async () => {
  const log = pino({ level: 'silent' });
  const redis = await connectRedis({ url: server.url, prefix: `{${randomUUID()}}:`, log });
  const label = { user: 'tg-1', platform: 'telegram', style: '3d' };
  const queue = await BullQueue.open({ redis, leaseMs: 10_000, log });
  try {
    for (let i = 0; i < 20; i++) {
      await queue.add(`a${i}`, 5, label);
      await queue.add(`b${i}`, 6, label);
      await Promise.all([
        queue.reprioritize([
          [`a${i}`, 3],
          [`b${i}`, 4],
        ]),
        queue.remove(`a${i}`),
      ]);
      await expect(queue.reprioritize([[`never${i}`, 1]])).resolves.toBeUndefined();
      await queue.remove(`b${i}`);
    }
  } finally {
    await queue.close(false);
    redis.close();
  }
});
