/**
 * Torture: the built service with the real model, under load from both loopback platforms, killed with SIGKILL at
 * random moments (the main process, also while it starts, and its inference child) and started again on the same
 * folder. Then every photo that was accepted must have its answer, and exactly one.
 *
 *   npm run torture -- [kills]        default 120, three to five minutes
 *
 * Accepted: on Telegram every message, since Telegram repeats what was not confirmed; on Discord every command that was
 * acknowledged and every message that got any sign. Exit code 1 when a photo is lost.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlatforms } from '../test/support/platforms.ts';
import { build, ServiceProcess } from '../test/support/service.ts';
import { table } from './measure.ts';
import { discordSenders, type Senders, telegramSenders } from './senders.ts';

const kills = Number(process.argv[2] ?? 120);
const PHOTO_WIDTH = 160;
/** Photos that may be open before the senders pause: the service is mostly dead. */
const MOST_OPEN = 40;
const PATIENCE_MS = 180_000;

await build();
const dataDir = await mkdtemp(join(tmpdir(), 'dctoon-torture-'));
const platforms = await startPlatforms();
const { telegram, discord } = platforms;
const env = {
  DATA_DIR: dataDir,
  ...platforms.env,
  // The limits of people are not what is tested here.
  QUEUE_LIMIT_PER_USER: '1000',
  LOG_LEVEL: 'warn',
};
const senders: readonly Senders[] = [
  await telegramSenders(telegram, { width: PHOTO_WIDTH }),
  await discordSenders(discord, { width: PHOTO_WIDTH, people: 200 }),
];

const isOpen = () => senders.reduce((sum, { tally }) => sum + tally().waiting, 0);
let sending = true;
async function sendOn(sender: Senders): Promise<void> {
  while (sending) {
    if (isOpen() < MOST_OPEN) await sender.send();
    await sleep(100 + Math.random() * 300);
  }
}

const startedAt = Date.now();
// Commands can be given only once they are registered.
let service = await ServiceProcess.start(env);
await platforms.registered();
const load = Promise.all(senders.map(sendOn));

let [mains, children] = [0, 0];
const errors = new Map<string, number>();
while (mains + children < kills) {
  await sleep(300 + Math.random() * 2200);
  const [child] = await service.children();
  if (child !== undefined && Math.random() < 0.35) {
    try {
      process.kill(child, 'SIGKILL');
      children++;
    } catch {
      // It was just being replaced.
    }
    continue;
  }
  await service.kill();
  mains++;
  for (const line of service.output.split('\n')) note(line);
  await service.dispose();
  service = await ServiceProcess.start(env);
  if (mains % 10 === 0) console.info(`${mains} + ${children} kills, ${isOpen()} photos open`);
}
sending = false;
await load;
console.info(
  `${mains} + ${children} kills in ${Math.round((Date.now() - startedAt) / 1000)} s; waiting for the last answers`,
);
const deadline = Date.now() + PATIENCE_MS;
while (isOpen() > 0 && Date.now() < deadline) await sleep(200);
// Time for what must not come any more.
await sleep(3000);
const exitCode = await service.stop();
for (const line of service.output.split('\n')) note(line);
const left = await leftovers();

console.log(
  table([
    {
      'main process killed': mains,
      'inference child killed': children,
      'photos owed': total('owed'),
      drawn: total('drawn'),
      'refused, being no picture': total('refused'),
      'apologised for': total('apologised'),
      lost: total('waiting'),
      'answered twice': total('twice'),
      'files left': left.length,
      'exit code': exitCode ?? 'killed',
    },
  ]),
);
for (const { name, tally, remarks } of senders)
  console.log(`${name}: ${JSON.stringify(tally())}; ${remarks().join('; ')}`);
for (const [line, count] of errors) console.log(`${count} x ${line}`);
console.log(`${Math.round((Date.now() - startedAt) / 1000)} s in all`);

await service.dispose();
await platforms.close();
await rm(dataDir, { recursive: true, force: true });
process.exit(total('waiting') === 0 && total('twice') === 0 && left.length === 0 && exitCode === 0 ? 0 : 1);

function total(what: keyof ReturnType<Senders['tally']>): number {
  return senders.reduce((sum, { tally }) => sum + tally()[what], 0);
}

/** What the log had to say beyond warnings, by sentence. */
function note(line: string): void {
  if (!/"level":[56]0/.test(line)) return;
  const { msg = line } = JSON.parse(line) as { msg?: string };
  errors.set(msg, (errors.get(msg) ?? 0) + 1);
}

async function leftovers(): Promise<string[]> {
  const folders = ['queued', 'processing', 'delivering', 'blobs', 'tmp'];
  const names = await Promise.all(folders.map((folder) => readdir(join(dataDir, 'spool', folder))));
  return names.flat();
}
