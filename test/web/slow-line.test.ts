import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import type { Service } from './harness.ts';
import { eventually, useChromium } from './visitor.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const chromium = useChromium();
let service: Service;

const shown = '#viewer[data-state=work][data-draft] img.after';

it('over slow 3G the cartoon of a small copy is shown while the photo is still being sent', async () => {
  service = await chromium.start();
  const visitor = await chromium.visit();
  const { page } = visitor;
  const noise = Buffer.alloc(1500 * 1000 * 3, 0).map(() => 100 + Math.random() * 60);
  const photo = await sharp(noise, { raw: { width: 1500, height: 1000, channels: 3 } })
    .resize(2400, 1800, { fit: 'fill' })
    .jpeg({ quality: 85 })
    .toBuffer();
  expect(photo.length).toBeGreaterThan(500_000);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  // 400 kbit/s and 400 ms.
  const line = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
  await session.send('Network.emulateNetworkConditions', line);
  const started = Date.now();
  const posts: string[] = [];
  const sent: number[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'POST') return;
    posts.push(new URL(request.url()).pathname);
    sent.push(request.postDataBuffer()?.length ?? 0);
  });
  const formats: string[] = [];
  service.queue.on('queued', ({ job }) => formats.push(job.format));
  await page.setInputFiles('#file', { name: 'large.jpg', mimeType: 'image/jpeg', buffer: photo });
  await page.waitForSelector(shown, { timeout: 60_000 });
  console.info(`slow 3G: first cartoon after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  await eventually(() => page.evaluate<number>(`document.querySelector('img.after').naturalWidth`)).toBe(448);
  // The photo itself goes in fewer bytes, and its cartoon comes so; whoever downloads it gets JPEG all the same.
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 20,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
  await page.waitForSelector('#viewer[data-state=done]', { timeout: 90_000 });
  expect(await page.evaluate<number>(`document.querySelector('img.after').naturalWidth`)).toBe(2400);
  expect(posts.slice(0, 2)).toEqual(['/upload', '/api/jobs']);
  expect(formats[1]).toBe('webp');
  expect(sent[1]).toBeLessThan(photo.length * 0.85);
  const download = page.waitForEvent('download');
  await page.locator('[data-do=download]').click();
  const file = await (await download).path();
  expect(await sharp(file).metadata()).toMatchObject({ format: 'jpeg', width: 2400, height: 1800 });
  expect(visitor.problems).toEqual([]);
});

it('another style is seen at once, small, while it is drawn in full size', async () => {
  service = await chromium.start();
  const visitor = await chromium.visit();
  const { page } = visitor;
  await visitor.draw();
  await eventually(() => visitor.previews()).toBe(7);
  let release = () => {};
  service.engine.hold = new Promise((resolve) => {
    release = resolve;
  });
  await page.getByText('Anime', { exact: true }).click();
  await page.waitForSelector(shown);
  expect(await page.locator('img.after').getAttribute('alt')).toContain('Anime');
  release();
  await visitor.state('done');
  await eventually(() => page.evaluate<number>(`document.querySelector('img.after').naturalWidth`)).toBe(512);
  expect(visitor.problems).toEqual([]);
});
