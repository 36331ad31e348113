/** The page of the started service with the real model, in Chromium: what a visitor really gets. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
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

  it('is told in plain words that a file is broken, on a phone in the dark', async () => {
    const page = await open({ viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: 'dark' });
    const broken = (await readFile(ASTRONAUT)).subarray(0, 90_000);
    await page.setInputFiles('#file', { name: 'cut.png', mimeType: 'image/png', buffer: broken });
    await state(page, 'failed');
    expect(await page.locator('.sorry').textContent()).toBe(en.error('broken_image'));
  });
});
