/**
 * A process to be killed (spool.test.ts): takes photos in as fast as it can, draws and answers them.
 *   spool-process.ts FOLDER RUN    takes in until it is killed
 *   spool-process.ts FOLDER end    only finishes what is left, then exits
 * Prints `accepted ID` when a submission resolved; appends `ID HASH` to FOLDER/answers.log for every answer.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createMemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { openSpool } from '../../../src/queue/memory/spool.ts';
import { cartoonOf, newJob } from '../jobs.ts';

const [folder = '', run = 'end'] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const spool = await openSpool({ folder: join(folder, 'spool'), log });
const queue = await createMemoryQueue({
  concurrency: 2,
  limit: 40,
  limitPerUser: 40,
  blobs: spool,
  journal: spool,
  log,
});
queue.onOutcome('telegram', async (job, outcome) => {
  await sleep(Math.random() * 10);
  const image = outcome.ok ? outcome.cartoon.image : Buffer.from(outcome.error.code);
  appendFileSync(
    join(folder, 'answers.log'),
    `${job.id} ${createHash('sha256').update(image).digest('hex')}\n`,
  );
});
queue.process(async ({ photo }) => {
  await sleep(Math.random() * 20);
  return cartoonOf(photo);
});
if (run === 'end') {
  const left = await queue.drain(60_000);
  await queue.close();
  process.stdout.write(`left ${left}\n`);
} else {
  for (let index = 0; ; index++) {
    const id = `r${run}-${index}`;
    const photo = Buffer.alloc(100_000, id);
    const accepted = await queue.submit(newJob(id, { user: `tg-${index % 7}` }), photo).then(
      () => true,
      () => sleep(5).then(() => false),
    );
    if (accepted) process.stdout.write(`accepted ${id}\n`);
  }
}
