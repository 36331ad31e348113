/**
 * The started service with both bots on (loopback platforms, real networks): resident memory of the bot process and its
 * inference child, the bot process's event-loop delay, over photos of 1280 x 960 with one face in all styles.
 */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { readManifest } from '../src/inference/models/manifest.ts';
import { startPlatforms } from '../test/support/platforms.ts';
import { build, residentMb, ServiceProcess } from '../test/support/service.ts';
import { MODELS_DIR } from './baselines.ts';
import { median, percentile } from './measure.ts';
import { photo } from './photos.ts';
import { fixed, type Section } from './section.ts';

export const service: Section = {
  name: 'service',
  async measure({ smoke }) {
    await build();
    const rows = [];
    for (const tier of smoke ? (['small'] as const) : (['full', 'small'] as const)) {
      rows.push(await measureTier(tier, smoke ? 2 : 70));
    }
    return [rows];
  },
};

async function measureTier(tier: 'full' | 'small', photos: number) {
  const platforms = await startPlatforms();
  const { telegram, discord } = platforms;
  const running = await ServiceProcess.start({
    ...platforms.env,
    TIER: tier,
    LOG_LEVEL: 'warn',
    WEB_PORT: '8097',
  });
  await platforms.registered();
  const styles = (await readManifest(MODELS_DIR)).styles.map(({ id }) => id);
  const face = sharp(await photo(1280, 960, 1));
  const waits: number[] = [];
  const sums: number[] = [];
  const shares: number[] = [];
  for (let n = 0; n < photos; n++) {
    const file = await face.clone().modulate({ hue: n }).jpeg({ quality: 92 }).toBuffer(); // no cache answers
    const user = telegram.newUser();
    const begun = performance.now();
    const source = await telegram.send(user, { photo: file, caption: styles[n % styles.length] ?? '' });
    await discord.world.until(() => telegram.pictures(telegram.dm(user), source)[0], 'a cartoon', 60_000);
    waits.push(performance.now() - begun);
    const pids = [running.pid, ...(await running.children())];
    sums.push(total(await Promise.all(pids.map(residentMb))));
    shares.push(total(await Promise.all(pids.map(proportionalMb))));
  }
  const metrics = await (await fetch('http://localhost:8097/metrics')).text();
  // prom-client samples every 10 ms; what it reports includes that interval.
  const delay = /^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1];
  await running.stop();
  await running.dispose();
  await platforms.close();
  return {
    tier,
    photos,
    styles: styles.length,
    'photo to answer, median ms': fixed(median(waits), 0),
    'p95 ms': fixed(percentile(waits, 0.95), 0),
    'RSS at the end, MB': fixed(sums.at(-1) ?? Number.NaN, 0),
    'highest RSS, MB': fixed(Math.max(...sums), 0),
    'highest PSS, MB': fixed(Math.max(...shares), 0),
    'event-loop delay p99 ms': fixed(Number(delay) * 1000),
  };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** Megabytes with pages that processes share (Node's own code) divided among them: what a memory limit counts. */
async function proportionalMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}
