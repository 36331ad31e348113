/**
 * Soak: thousands of photos through the built service with the real model, from both loopback platforms. After the
 * first 200 its memory may grow by less than 10 %, it may not gain open files, and in the end the disk is empty again.
 *
 *   npm run soak -- [photos] [width]          default 2000 photos of 512 x 512, about five minutes
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlatforms } from '../test/support/platforms.ts';
import { build, residentMb, ServiceProcess } from '../test/support/service.ts';
import { median, table } from './measure.ts';
import { discordSenders, type Senders, telegramSenders } from './senders.ts';

const photos = Number(process.argv[2] ?? 2000);
const width = Number(process.argv[3] ?? 512);
const WARM_UP = 200;
const MOST_OPEN = 12;
/** Samples of memory per figure: garbage makes single ones meaningless. */
const SAMPLES = 20;

await build();
const dataDir = await mkdtemp(join(tmpdir(), 'dctoon-soak-'));
const platforms = await startPlatforms();
const { telegram, discord } = platforms;
const service = await ServiceProcess.start({
  DATA_DIR: dataDir,
  ...platforms.env,
  QUEUE_LIMIT_PER_USER: '1000',
  KEEP_MINUTES: '1',
  LOG_LEVEL: 'warn',
});
await platforms.registered();
const senders: readonly Senders[] = [
  await telegramSenders(telegram, { width, people: 400 }),
  await discordSenders(discord, { width, people: 400 }),
];

interface Sample {
  readonly photos: number;
  readonly main: number;
  readonly child: number;
  readonly files: number;
}

/** Resident megabytes of both processes, and the open files of both. */
async function measure(count: number): Promise<Sample | undefined> {
  const [child] = await service.children();
  if (child === undefined) return undefined;
  const [main, drawing] = await Promise.all([service.pid, child].map(residentMb));
  const files = await Promise.all([service.pid, child].map((pid) => readdir(`/proc/${pid}/fd`)));
  return { photos: count, main: main ?? 0, child: drawing ?? 0, files: files.flat().length };
}

const total = (what: keyof ReturnType<Senders['tally']>) =>
  senders.reduce((sum, { tally }) => sum + tally()[what], 0);

const startedAt = Date.now();
const samples: Sample[] = [];
let said = 0;
while (total('owed') < photos) {
  if (total('waiting') < MOST_OPEN) await Promise.all(senders.map((sender) => sender.send()));
  else await sleep(30);
  const count = total('owed') - total('waiting');
  const sample = await measure(count);
  if (sample) samples.push(sample);
  if (count >= said + 200) {
    said = count;
    console.info(JSON.stringify(sample));
  }
}
const deadline = Date.now() + 120_000;
while (total('waiting') > 0 && Date.now() < deadline) await sleep(100);
const seconds = (Date.now() - startedAt) / 1000;
await sleep(2000);
const quiet = await measure(total('owed'));

/** The middle of the samples around a moment. */
const around = (place: number, what: keyof Sample) =>
  median(samples.slice(Math.max(0, place - SAMPLES), place + SAMPLES).map((sample) => sample[what]));
const warm = samples.findIndex((sample) => sample.photos >= WARM_UP);
const [first, last] = [warm + SAMPLES, samples.length - SAMPLES];
const row = (name: string, place: number) => ({
  '': name,
  photos: Math.round(around(place, 'photos')),
  'main MB': around(place, 'main').toFixed(0),
  'child MB': around(place, 'child').toFixed(0),
  'open files': around(place, 'files'),
});
const growth = (what: 'main' | 'child') => (around(last, what) / around(first, what) - 1) * 100;
console.log(
  table([row('after the first 200', first), row('halfway', (first + last) >> 1), row('at the end', last)]),
);
const both =
  (around(last, 'main') + around(last, 'child')) / (around(first, 'main') + around(first, 'child')) - 1;
console.log(
  `${total('owed')} photos in ${seconds.toFixed(0)} s: ${total('drawn')} drawn, ${total('refused')} refused, ` +
    `${total('waiting')} lost, ${total('twice')} answered twice`,
);
console.log(
  `growth: main ${growth('main').toFixed(1)} %, child ${growth('child').toFixed(1)} %, ` +
    `both ${(both * 100).toFixed(1)} %; open files when quiet: ${quiet?.files}`,
);

// Originals for "another style" are kept for KEEP_MINUTES; after that nothing of any photo is on the disk.
await sleep(75_000);
const left = await pictures(dataDir);
console.log(`pictures on the disk ${left.length}; exit code ${await service.stop()}`);

await service.dispose();
await platforms.close();
await rm(dataDir, { recursive: true, force: true });
const files = around(last, 'files') - around(first, 'files');
const ok =
  total('waiting') + total('apologised') + total('twice') === 0 &&
  both < 0.1 &&
  files <= 5 &&
  left.length === 0;
process.exit(ok ? 0 : 1);

/** Every file that could be a photo or a cartoon: all but the few small ones that are none. */
async function pictures(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && !/\.(json|jsonl|log|lock)$|^lock$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
