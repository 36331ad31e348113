/** The slider that sets how far the drawing goes, in Chromium. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { ASTRONAUT, useChromium } from './visitor.ts';

const chromium = useChromium();
let page: Page;

const set = (percent: number) => page.locator('#strength').fill(String(percent));

/** Mean difference of the downloaded picture from another, at 64 x 64. */
async function downloaded(): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('[data-do="download"]').click(),
  ]);
  return small(await readFile(await download.path()));
}
const small = (file: Buffer) => sharp(file).resize(64, 64, { fit: 'fill' }).removeAlpha().raw().toBuffer();
const difference = (one: Buffer, other: Buffer) =>
  one.reduce((sum, value, i) => sum + Math.abs(value - (other[i] as number)), 0) / one.length;

it('mixes photo and cartoon in the browser, in what is seen and in what is kept', {
  timeout: 90_000,
}, async () => {
  await chromium.start();
  const visitor = await chromium.visit();
  ({ page } = visitor);
  const posts: string[] = [];
  page.on('request', (request) => request.method() === 'POST' && posts.push(request.url()));
  await visitor.draw();
  // Previews of the other styles are drawn as well; then nothing more is.
  let drawn = -1;
  while (drawn !== posts.length) {
    drawn = posts.length;
    await page.waitForTimeout(2000);
  }
  const usual = await downloaded();
  expect(await page.locator('canvas.mixed').isVisible()).toBe(false);
  const photo = await small(await readFile(ASTRONAUT));
  const cartoonFrom = difference(usual, photo);
  expect(cartoonFrom).toBeGreaterThan(5);
  for (const [percent, least, most] of [
    [0, 0, 0.1],
    [50, 0.35, 0.65],
    [150, 1.1, 1.6],
  ] as const) {
    await set(percent);
    await page.locator('canvas.mixed').waitFor({ state: 'visible' });
    expect(await page.locator('#strength-value').textContent()).toBe(`${percent}%`);
    expect(await page.locator('#strength').getAttribute('aria-valuetext')).toBe(`${percent}%`);
    const share = difference(await downloaded(), photo) / cartoonFrom;
    expect(share).toBeGreaterThanOrEqual(least);
    expect(share).toBeLessThan(most);
  }
  await set(100);
  await page.locator('canvas.mixed').waitFor({ state: 'hidden' });
  expect(await downloaded()).toEqual(usual);
  expect(posts).toHaveLength(drawn);
});
