/**
 * The page over slow 3G, as Chromium's throttling has it (400 kbit/s each way, 400 ms): when the first cartoon of a photo of 12
 * megapixels is seen, and when the one in full size is there. The built service with the real networks.
 *
 *   npx tsx bench/slow-line.ts [PHOTO] [--of FOLDER]      another photo; the page and service of another checkout
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { launchChromium } from '../test/support/browser.ts';
import { median } from './measure.ts';
import { photo as photoOf } from './photos.ts';

const RUNS = 3;
const LINE = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };

const { values, positionals } = parseArgs({ options: { of: { type: 'string' } }, allowPositionals: true });
const root = values.of ?? fileURLToPath(new URL('../', import.meta.url));
const { build, ServiceProcess } = (await import(
  `${root}/test/support/service.ts`
)) as typeof import('../test/support/service.ts');

const photo = positionals[0] ? await readFile(positionals[0]) : await photoOf(4000, 3000, 1);
console.log(`${(photo.length / 1e6).toFixed(2)} MB`);
await build();
const service = await ServiceProcess.start({ WEB_RATE_LIMIT: '0' });
const url = await service.url();
const browser = await launchChromium();

/** Seconds until a cartoon of any size is seen, and until the one in full size is. */
async function visit(): Promise<{ first: number; full: number }> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page: Page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', LINE);
  await page.goto(url, { waitUntil: 'networkidle', timeout: 120_000 });
  const begun = Date.now();
  const seconds = () => (Date.now() - begun) / 1000;
  await page.setInputFiles('#file', { name: 'large.jpg', mimeType: 'image/jpeg', buffer: photo });
  const options = { timeout: 400_000 };
  const draft = '#viewer[data-state=work][data-draft] img.after';
  await page.waitForSelector(`${draft}, #viewer[data-state=done]`, options);
  const first = seconds();
  await page.waitForSelector('#viewer[data-state=done]', options);
  const full = seconds();
  await context.close();
  return { first, full };
}

const visits = [];
for (let run = 0; run < RUNS; run++) {
  const one = await visit();
  console.log(`first cartoon ${one.first.toFixed(1)} s, full size ${one.full.toFixed(1)} s`);
  visits.push(one);
}
console.log(
  `medians: first cartoon ${median(visits.map(({ first }) => first)).toFixed(1)} s, full size ${median(visits.map(({ full }) => full)).toFixed(1)} s`,
);
await browser.close();
await service.stop();
await service.dispose();
