/**
 * Memory of the whole service's working part and the main process's event-loop delay, over photos of 1280 x 960 with
 * one face: this process (queue, parent of the pool) plus its inference child.
 *
 *   npx tsx bench/service.ts [photos]
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import sharp from 'sharp';
import { Cartoonizer } from '../src/inference/cartoonizer.ts';
import { createLogger } from '../src/logger.ts';
import { MemoryBlobStore } from '../src/queue/blobs.ts';
import { cartoonHandler } from '../src/queue/handler.ts';
import { createMemoryQueue } from '../src/queue/memory-queue.ts';
import { median, percentile, table } from './measure.ts';

const photos = Number(process.argv[2] ?? 50);
const log = createLogger({ level: 'warn' });
const astronaut = new URL('../test/fixtures/astronaut.png', import.meta.url);
const photo = await sharp(readFileSync(astronaut))
  .resize(1280, 960, { fit: 'cover', position: 'top' })
  .jpeg({ quality: 92 })
  .toBuffer();

const engine = await Cartoonizer.create({ modelsDir: 'models' });
const queue = await createMemoryQueue({
  concurrency: 1,
  limit: 1000,
  limitPerLane: 1000,
  blobs: new MemoryBlobStore(),
  log,
});
queue.work(cartoonHandler(engine));

/** Resident bytes of a process, from the kernel. */
function residentBytes(pid: number | 'self'): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

const totals: number[] = [];
let peak = 0;
const done = new Promise<void>((resolve, reject) => {
  queue.answer('web', async (_job, outcome) => {
    if (!outcome.ok) return reject(outcome.error);
    totals.push(outcome.cartoon.timings.total);
    const children = engine.stats().children.reduce((sum, { pid }) => sum + residentBytes(pid), 0);
    peak = Math.max(peak, residentBytes('self') + children);
    if (totals.length === photos) resolve();
  });
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
for (let i = 0; i < photos; i++) {
  const job = {
    id: `web-bench-${i}`,
    lane: `web-${i % 7}`,
    platform: 'web',
    style: '3d',
    format: 'jpeg',
    locale: 'en',
    reply: null,
  } as const;
  await queue.submit(job, photo);
}
await done;
delay.disable();
console.log(
  table([
    {
      photos,
      'median ms a photo': median(totals).toFixed(0),
      'p95 ms': percentile(totals, 0.95).toFixed(0),
      'peak RSS, parent + child, MB': (peak / 1e6).toFixed(0),
      'event-loop delay p99 ms': (delay.percentile(99) / 1e6).toFixed(1),
      'max ms': (delay.max / 1e6).toFixed(1),
    },
  ]),
);
await queue.close();
await engine.close();
