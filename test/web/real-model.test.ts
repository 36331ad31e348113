/** The page of the started service with the real model, in Chromium: what a visitor really gets. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTexts } from '../../src/texts/index.ts';
import { launchChromium } from '../support/browser.ts';
import { meanDifference } from '../support/pictures.ts';
import { build, ServiceProcess } from '../support/service.ts';

const ASTRONAUT = fileURLToPath(new URL('../fixtures/astronaut.png', import.meta.url));
const en = createTexts('en');
let browser: Browser;
let service: ServiceProcess;

beforeAll(async () => {
  await build();
  [browser, service] = await Promise.all([launchChromium(), ServiceProcess.start({})]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await service?.dispose();
});

async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(await service.url());
  return page;
}

const state = (page: Page, name: string) => page.waitForSelector(`#viewer[data-state=${name}]`);

describe('a visitor of the running service', { timeout: 90_000 }, () => {
  it('drops a photo, compares by keyboard, and downloads a cartoon of the same size', async () => {
    const page = await open();
    await page.setInputFiles('#file', ASTRONAUT);
    await state(page, 'done');
    await page.locator('.split').focus();
    await page.keyboard.press('Home');
    expect(await page.locator('.split').inputValue()).toBe('0');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page
        .getByRole('link', { name: en.web.download })
        .or(page.getByRole('button', { name: en.web.download }))
        .click(),
    ]);
    const cartoon = await readFile(await download.path());
    const difference = await meanDifference(await readFile(ASTRONAUT), cartoon);
    expect(difference).toBeGreaterThan(3);
    expect(difference).toBeLessThan(40);
  });

  it('draws every style the models offer', async () => {
    const page = await open();
    const response = await page.request.get(new URL('/api/styles', page.url()).href);
    const { styles } = (await response.json()) as { styles: { title: string }[] };
    await page.setInputFiles('#file', ASTRONAUT);
    await state(page, 'done');
    for (const { title } of styles) {
      await page.getByRole('radio', { name: title }).check({ force: true });
      await state(page, 'done');
      await expect
        .poll(() => page.locator('img.after').getAttribute('alt'), { timeout: 30_000 })
        .toContain(title);
    }
  });

  const downloaded = async (page: Page) => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: en.web.download, exact: true }).click();
    const file = await download;
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  };

  it('keeps the size of 20 megapixels, and is told of 36 that they became fewer', async () => {
    const page = await open();
    const large = async (side: [number, number]) =>
      await sharp(ASTRONAUT)
        .resize(...side, { fit: 'fill' })
        .removeAlpha()
        .jpeg()
        .toBuffer();
    await page.setInputFiles('#file', {
      name: 'a.jpg',
      mimeType: 'image/jpeg',
      buffer: await large([5000, 4000]),
    });
    await page.waitForSelector('#viewer[data-state=done]', { timeout: 60_000 });
    expect(await sharp((await downloaded(page)).bytes).metadata()).toMatchObject({
      width: 5000,
      height: 4000,
    });
    expect(await page.locator('.note').isVisible()).toBe(false);
    await page.setInputFiles('#file', {
      name: 'b.jpg',
      mimeType: 'image/jpeg',
      buffer: await large([6000, 6000]),
    });
    await expect.poll(() => page.locator('.note').isVisible(), { timeout: 60_000 }).toBe(true);
    const { width, height } = await sharp((await downloaded(page)).bytes).metadata();
    // Sides are whole pixels.
    expect(width * height).toBeLessThan(24_010_000);
    expect(await page.locator('.note').textContent()).toBe(en.result.smaller({ width, height }));
  });

  it('gets what was transparent back transparent, as PNG', async () => {
    const page = await open();
    const round = Buffer.from('<svg width="512" height="512"><circle cx="256" cy="256" r="250"/></svg>');
    const buffer = await sharp(ASTRONAUT)
      .ensureAlpha()
      .composite([{ input: round, blend: 'dest-in' }])
      .png()
      .toBuffer();
    await page.setInputFiles('#file', { name: 'round.png', mimeType: 'image/png', buffer });
    await state(page, 'done');
    const { name, bytes } = await downloaded(page);
    expect(name).toBe('round-3d.png');
    const { data } = await sharp(bytes)
      .ensureAlpha()
      .extractChannel(3)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([data[0], data[256 * 512 + 256]]).toEqual([0, 255]);
  });

  it('is told in plain words that a file is broken, on a phone in the dark', async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: 'dark' });
    const broken = (await readFile(ASTRONAUT)).subarray(0, 90_000);
    await page.setInputFiles('#file', { name: 'cut.png', mimeType: 'image/png', buffer: broken });
    await state(page, 'failed');
    expect(await page.locator('.sorry').textContent()).toBe(en.error('broken_image'));
  });
});
