/** The page with the seven styles that ship, in every language, from the narrowest phone to a wide screen. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readManifest, stylesOf } from '../../src/inference/models/manifest.ts';
import { readThumbnails } from '../../src/inference/models/thumbnails.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { LOCALES } from '../../src/texts/index.ts';
import { launchChromium } from '../support/browser.ts';
import { MODELS_DIR } from '../support/models.ts';
import { type Service, startService } from './harness.ts';

const ASTRONAUT = new URL('../fixtures/astronaut.png', import.meta.url).pathname;
const ROCKET = new URL('../fixtures/rocket.jpg', import.meta.url).pathname;
const WIDTHS = [320, 390, 768, 1024, 1440];

let browser: Browser;
let service: Service;
beforeAll(async () => {
  browser = await launchChromium();
  const manifest = await readManifest(MODELS_DIR);
  const logger = createLogger({ level: 'silent' });
  service = await startService({
    styles: stylesOf(manifest),
    web: { thumbnails: await readThumbnails(MODELS_DIR, logger) },
    limits: { requestsPerMinute: 0 },
    env: { WEB_RATE_LIMIT: '0' },
  });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await service.stop();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

async function open(path = '/', width = 390): Promise<Page> {
  const viewport = { width, height: 844 };
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce', isMobile: width < 700 });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(service.url + path, { waitUntil: 'networkidle' });
  return page;
}

/** How much wider than the window the page is. */
const sideways = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Names of styles of which a word does not fit into its line: it would be cut, or reach into its neighbour. */
const cutNames = (page: Page) =>
  page.evaluate<string[]>(`[...document.querySelectorAll('.style-name')].flatMap((name) => {
    const room = name.clientWidth;
    const probe = document.createElement('span');
    probe.style.cssText = 'position:absolute;white-space:nowrap;visibility:hidden';
    name.append(probe);
    // A hyphen that is written may end a line.
    const cut = name.firstChild.textContent.split(/\\s+|(?<=-)/).filter((word) => {
      probe.textContent = word;
      return probe.getBoundingClientRect().width > room;
    });
    probe.remove();
    return cut;
  })`);

describe.each(WIDTHS)('%i pixels wide', { timeout: 120_000 }, (width) => {
  it.each(LOCALES)('in %s nothing reaches over the edge, and no word is cut', async (locale) => {
    const page = await open(`/?lang=${locale}`, width);
    expect(await sideways(page)).toBe(0);
    expect(await cutNames(page)).toEqual([]);
    if (width > 390) return;
    await page.setInputFiles('#file', ASTRONAUT);
    await page.waitForSelector('#viewer[data-state=done]');
    expect(await sideways(page)).toBe(0);
  });
});

describe('the row of styles', { timeout: 60_000 }, () => {
  it('scrolls in itself on a phone, to the last style', async () => {
    const page = await open();
    const list = "document.querySelector('.style-list')";
    expect(await page.evaluate(`${list}.scrollWidth > ${list}.clientWidth`)).toBe(true);
    await page.locator('.style-option').last().scrollIntoViewIfNeeded();
    expect(await page.evaluate('scrollX')).toBe(0);
    await page.locator('.style-option').last().click();
    expect(await page.locator('.style-option input').last().isChecked()).toBe(true);
  });

  it('shows the photo that is looked at in every style, whichever of several photos was drawn last', async () => {
    const page = await open('/', 1440);
    await page.setInputFiles('#file', [ASTRONAUT, ROCKET]);
    await expect.poll(() => page.locator('.badge[data-state=done]').count(), { timeout: 20_000 }).toBe(2);
    const previews = () => page.locator('.swatch img[src^="blob:"]').count();
    await expect.poll(previews, { timeout: 20_000 }).toBe(7);
    await page.locator('.strip button').nth(1).click();
    await expect.poll(previews, { timeout: 20_000 }).toBe(7);
  });
});

describe('a cartoon', { timeout: 60_000 }, () => {
  it('is seen whole before it is compared', async () => {
    const page = await open();
    await page.setInputFiles('#file', ASTRONAUT);
    await page.waitForSelector('#viewer[data-state=done]');
    expect(await page.locator('.split').inputValue()).toBe('0');
    const clip = "getComputedStyle(document.querySelector('img.after')).clipPath";
    expect(await page.evaluate(clip)).toMatch(/^inset\(0(px)?( 0(px|%)?)*\)$/);
  });
});
