/**
 * The first load of the page with the styles that ship, over fast 3G (1.6 Mbit/s down, 750 kbit/s up, 150 ms): bytes, first
 * paint, and how much moves until a cartoon is there. The built service.
 *
 *   npx tsx bench/page-load.ts
 */
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../test/support/browser.ts';
import { build, ServiceProcess } from '../test/support/service.ts';
import { percentile, table } from './measure.ts';

const RUNS = 5;
const LINE = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };
const PHOTO = fileURLToPath(new URL('../test/fixtures/astronaut.png', import.meta.url));
const LOOKS = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

await build();
const service = await ServiceProcess.start({ WEB_RATE_LIMIT: '0' });
const url = await service.url();
const browser = await launchChromium();
const rows = [];
for (const [name, look] of Object.entries(LOOKS)) {
  const paints: number[] = [];
  let most = 0;
  let shift = 0;
  for (let run = 0; run < RUNS; run++) {
    // The language with two files of type.
    const context = await browser.newContext({ ...look, locale: 'ru' });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', LINE);
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await page.goto(url, { waitUntil: 'networkidle' });
    most = Math.max(most, bytes);
    paints.push(
      await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`),
    );
    await page.evaluate(`
      window.moved = 0;
      new PerformanceObserver((list) => {
        for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) moved += value;
      }).observe({ type: 'layout-shift', buffered: true });
    `);
    await page.setInputFiles('#file', PHOTO);
    await page.waitForSelector('#viewer[data-state=done]', { timeout: 60_000 });
    await page.waitForTimeout(1500);
    shift = Math.max(shift, await page.evaluate<number>('window.moved'));
    await context.close();
  }
  rows.push({
    page: name,
    'kB, most': (most / 1000).toFixed(1),
    'first paint s, median': (percentile(paints, 0.5) / 1000).toFixed(2),
    'shift, most': shift.toFixed(4),
  });
}
console.log(table(rows));
await browser.close();
await service.stop();
await service.dispose();
