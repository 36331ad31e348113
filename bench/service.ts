/**
 * The started service with both bots on (loopback platforms, real model): resident memory of the bot process and its
 * inference child, and the bot process's event-loop delay, over photos of 1280 x 960 with one face.
 *
 *   npx tsx bench/service.ts [photos]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { startLoopbackDiscord } from '../test/support/loopback-discord/index.ts';
import { LoopbackTelegram } from '../test/support/loopback-telegram/index.ts';
import { astronaut } from '../test/support/photos.ts';
import { build, ServiceProcess } from '../test/support/service.ts';
import { median, percentile, table } from './measure.ts';

const photos = Number(process.argv[2] ?? 50);

/** Resident megabytes of a process and its children, from the kernel. */
function residentMb(pid: number): number {
  const children = execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return [String(pid), ...children].reduce((sum, id) => {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1];
    return sum + Number(kilobytes) / 1000;
  }, 0);
}

await build();
const telegram = await LoopbackTelegram.start();
const discord = await startLoopbackDiscord();
const { world } = discord;
const service = await ServiceProcess.start({
  TELEGRAM_TOKEN: telegram.token,
  TELEGRAM_API_ROOT: telegram.root,
  DISCORD_TOKEN: world.token,
  DISCORD_API_ROOT: discord.apiRoot,
  LOG_LEVEL: 'warn',
  WEB_PORT: '8097',
});
await world.until(
  () => world.calls.some((call) => call.path.endsWith('/commands')),
  'registered commands',
  30_000,
);

const face = sharp(await astronaut()).resize(1280, 960, { fit: 'cover', position: 'top' });
const waits: number[] = [];
const resident: number[] = [];
for (let n = 0; n < photos; n++) {
  const photo = await face.clone().modulate({ hue: n }).jpeg({ quality: 92 }).toBuffer(); // no cache answers
  const user = telegram.newUser();
  const begun = performance.now();
  const source = await telegram.send(user, { photo });
  await world.until(() => telegram.pictures(telegram.dm(user), source)[0], 'a cartoon', 60_000);
  waits.push(performance.now() - begun);
  resident.push(residentMb(service.pid));
}
const metrics = await (await fetch('http://localhost:8097/metrics')).text();
// prom-client samples every 10 ms; what it reports includes that interval.
const delay = /^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1];
console.log(
  table([
    {
      photos,
      'photo to answer, median ms': median(waits).toFixed(0),
      'p95 ms': percentile(waits, 0.95).toFixed(0),
      'RSS at the end, MB': (resident.at(-1) ?? 0).toFixed(0),
      'highest RSS, MB': Math.max(...resident).toFixed(0),
      'event-loop delay p99 ms': (Number(delay) * 1000).toFixed(1),
    },
  ]),
);
await service.stop();
await service.dispose();
await telegram.close();
await discord.close();
