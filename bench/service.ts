/**
 * The started service with both bots on (loopback platforms, real model): resident memory of the bot process and its
 * inference child, and the bot process's event-loop delay, over photos of 1280 x 960 with one face.
 *
 *   npx tsx bench/service.ts [photos]
 */
import sharp from 'sharp';
import { astronaut } from '../test/support/photos.ts';
import { startPlatforms } from '../test/support/platforms.ts';
import { build, residentMb, ServiceProcess } from '../test/support/service.ts';
import { median, percentile, table } from './measure.ts';

const photos = Number(process.argv[2] ?? 50);

/** Resident megabytes of the bot process and its inference child together. */
async function serviceMb(): Promise<number> {
  const each = await Promise.all([service.pid, ...(await service.children())].map(residentMb));
  return each.reduce((sum, mb) => sum + mb, 0);
}

await build();
const platforms = await startPlatforms();
const { telegram, discord } = platforms;
const { world } = discord;
const service = await ServiceProcess.start({
  ...platforms.env,
  LOG_LEVEL: 'warn',
  WEB_PORT: '8097',
});
await platforms.registered();

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
  resident.push(await serviceMb());
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
await platforms.close();
