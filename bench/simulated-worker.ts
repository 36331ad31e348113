/**
 * A worker process whose drawing is a pause, for the benchmarks of the queue on Redis:
 *   simulated-worker.ts URL MS CONCURRENCY
 * Everything else is what `dctoon worker` does. Prints `ready`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '../src/observability/logger.ts';
import { createRedisQueue } from '../src/queue/redis/redis-queue.ts';
import { RedisBlobStore } from '../src/storage/blobs/redis.ts';
import { connectRedis } from '../src/storage/redis-connections.ts';

const [url = '', ms = '310', concurrency = '1'] = process.argv.slice(2);
const log = createLogger({ level: 'error', write: (line) => void process.stderr.write(line) });
const redis = await connectRedis({ url, log });
const queue = await createRedisQueue({
  redis,
  blobs: new RedisBlobStore({ redis }),
  concurrency: Number(concurrency),
  limit: 1,
  limitPerUser: 1,
  log,
});
queue.process(async ({ photo, signal, report }) => {
  for (const stage of ['decode', 'faces', 'style', 'blend', 'encode'] as const) report(stage);
  await sleep(Number(ms), undefined, { signal });
  const timings = { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: Number(ms) };
  return { image: photo, format: 'jpeg', width: 480, height: 512, faces: 1, timings };
});
process.on('SIGTERM', () => void queue.close().then(() => process.exit(0)));
console.log('ready');
