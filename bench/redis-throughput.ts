/**
 * Photos a second against the number of worker processes on one Redis, with drawing replaced by a pause of the measured
 * service time. One bot process (this one) takes in photos of 200 kB as fast as they are drawn, and answers them.
 *
 *   npx tsx bench/redis-throughput.ts [seconds per step] [milliseconds per photo] [redis-server settings ...]
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '../src/observability/logger.ts';
import { createRedisQueue } from '../src/queue/redis/redis-queue.ts';
import { RedisBlobStore } from '../src/storage/blobs/redis.ts';
import { connectRedis } from '../src/storage/redis-connections.ts';
import { RedisServer } from '../test/support/redis.ts';
import { percentile, table } from './measure.ts';
import { SupervisedProcess } from './processes.ts';

process.setMaxListeners(0);
const [seconds = '12', ms = '310', ...settings] = process.argv.slice(2);
const WORKERS = [1, 2, 4, 8, 16, 32];
const log = createLogger({ level: 'error' });
const photo = randomBytes(200_000);

async function measure(workers: number): Promise<Record<string, string | number>> {
  const server = await RedisServer.start(settings);
  const script = new URL('./simulated-worker.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx', script, server.url, ms, '1'];
  const children = await Promise.all(
    Array.from({ length: workers }, () => SupervisedProcess.start({ args, ready: /ready/ })),
  );
  const redis = await connectRedis({ url: server.url, log });
  const blobs = new RedisBlobStore({ redis });
  const queue = await createRedisQueue({
    redis,
    blobs,
    concurrency: 1,
    limit: 10_000,
    limitPerUser: 10_000,
    log,
  });
  let answered = 0;
  let isOpen = true;
  const overheads: number[] = [];
  queue.onOutcome('web', async () => void answered++);
  queue.on('delivering', ({ workedMs }) => overheads.push(workedMs - Number(ms)));
  const feed = (async () => {
    for (let i = 0; isOpen; ) {
      const { queued: waiting } = queue.counts();
      const missing = Math.max(0, 3 * workers + 10 - waiting);
      await Promise.all(
        Array.from({ length: Math.min(missing, 20) }, () => {
          const number = i++;
          return queue.submit(
            {
              id: `web-bench-${number}`,
              user: `web-${number % 50}`,
              platform: 'web',
              style: '3d',
              format: 'jpeg',
              locale: 'en',
              reply: null,
            },
            photo,
          );
        }),
      );
      await sleep(10);
    }
  })();
  await sleep(4000);
  const cpu = process.cpuUsage();
  const redisCpu = await cpuSeconds();
  const [from, since] = [answered, performance.now()];
  overheads.length = 0;
  await sleep(Number(seconds) * 1000);
  const elapsed = (performance.now() - since) / 1000;
  const perSecond = (answered - from) / elapsed;
  const { user, system } = process.cpuUsage(cpu);
  const redisShare = ((await cpuSeconds()) - redisCpu) / elapsed;
  isOpen = false;
  await feed;
  await queue.close();
  redis.close();
  await Promise.all(children.map((child) => child.stop('SIGKILL')));
  await server.stop();
  const ideal = (workers * 1000) / Number(ms);
  return {
    workers,
    'photos a second': perSecond.toFixed(1),
    'of linear': `${((100 * perSecond) / ideal).toFixed(0)} %`,
    'ms beside drawing, p50': percentile(overheads, 0.5).toFixed(0),
    p95: percentile(overheads, 0.95).toFixed(0),
    'bot CPU': `${((user + system) / 1e4 / elapsed).toFixed(0)} %`,
    'Redis CPU': `${(100 * redisShare).toFixed(0)} %`,
  };

  async function cpuSeconds(): Promise<number> {
    const info = await redis.failFast.info('cpu');
    return ['used_cpu_sys', 'used_cpu_user']
      .map((name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0))
      .reduce((sum, value) => sum + value, 0);
  }
}

const rows: Record<string, string | number>[] = [];
for (const workers of WORKERS) rows.push(await measure(workers));
console.log(table(rows));
