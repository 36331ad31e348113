/**
 * A process to be killed (processes.test.ts, bench/torture-redis.ts):
 *   process.ts URL PREFIX worker MS     draws, MS milliseconds a photo
 *   process.ts URL PREFIX bot NAME      answers; takes in what it is told on standard input, `ID USER` a line
 * Prints `ready`, `accepted ID`, `refused ID CODE`, `drawing ID` and `answered ID HASH`, a line each.
 */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createRedisQueue } from '../../../src/queue/redis/redis-queue.ts';
import { DctoonError } from '../../../src/shared/errors.ts';
import { RedisBlobStore } from '../../../src/storage/blobs/redis.ts';
import { connectRedis } from '../../../src/storage/redis-connections.ts';
import { cartoonOf, newJob } from '../jobs.ts';

const [url = '', prefix = '', role = '', argument = ''] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const say = (line: string) => process.stdout.write(`${line}\n`);
const redis = await connectRedis({ url, log, prefix });
const queue = await createRedisQueue({
  redis,
  blobs: new RedisBlobStore({ redis }),
  concurrency: 1,
  limit: 100_000,
  limitPerUser: 1000,
  leaseMs: 2000,
  log,
});
if (role === 'worker') {
  queue.process(async ({ job, photo, signal }) => {
    say(`drawing ${job.id}`);
    await sleep(Number(argument), undefined, { signal });
    return cartoonOf(photo);
  });
} else {
  queue.onOutcome('telegram', async (job, outcome) => {
    const image = outcome.ok ? outcome.cartoon.image : Buffer.from(outcome.error.code);
    say(`answered ${job.id} ${createHash('sha256').update(image).digest('hex')}`);
  });
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [id = '', user = ''] = line.split(' ');
    queue.submit(newJob(id, { user }), Buffer.alloc(20_000, id)).then(
      () => say(`accepted ${id}`),
      (error: unknown) => say(`refused ${id} ${DctoonError.from(error).code}`),
    );
  });
}
say('ready');
