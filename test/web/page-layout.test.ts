/** The page with the seven styles that ship, in every language, from the narrowest phone to a wide screen. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { LOCALES } from '../../src/texts/index.ts';
import { ASTRONAUT, eventually, ROCKET, useChromium, type Visitor } from './visitor.ts';

const WIDTHS = [320, 390, 768, 1024, 1440];

const chromium = useChromium({ each: 'file' });
beforeAll(async () => {
  await chromium.start({ env: { WEB_RATE_LIMIT: '0' } });
}, 60_000);

const open = (path = '/', width = 390): Promise<Visitor> =>
  chromium.visit({ viewport: { width, height: 844 }, isMobile: width < 700 }, path);

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
    const visitor = await open(`/?lang=${locale}`, width);
    const { page } = visitor;
    expect(await sideways(page)).toBe(0);
    expect(await cutNames(page)).toEqual([]);
    if (width > 390) return;
    await visitor.draw();
    expect(await sideways(page)).toBe(0);
  });
});

describe('the row of styles', { timeout: 60_000 }, () => {
  it('scrolls in itself on a phone, to the last style', async () => {
    const { page } = await open();
    const list = "document.querySelector('.style-list')";
    expect(await page.evaluate(`${list}.scrollWidth > ${list}.clientWidth`)).toBe(true);
    await page.locator('.style-option').last().scrollIntoViewIfNeeded();
    expect(await page.evaluate('scrollX')).toBe(0);
    await page.locator('.style-option').last().click();
    expect(await page.locator('.style-option input').last().isChecked()).toBe(true);
  });

  it('shows the photo that is looked at in every style, whichever of several photos was drawn last', async () => {
    const visitor = await open('/', 1440);
    await visitor.choose(ASTRONAUT, ROCKET);
    await visitor.drawn(2);
    await eventually(() => visitor.previews()).toBe(7);
    await visitor.page.locator('.strip button').nth(1).click();
    await eventually(() => visitor.previews()).toBe(7);
  });
});

describe('a cartoon', { timeout: 60_000 }, () => {
  it('is seen whole before it is compared', async () => {
    const visitor = await open();
    await visitor.draw();
    const { page } = visitor;
    expect(await page.locator('.split').inputValue()).toBe('0');
    const clip = "getComputedStyle(document.querySelector('.layer-after')).clipPath";
    expect(await page.evaluate(clip)).toMatch(/^inset\(0(px)?( 0(px|%)?)*\)$/);
  });
});
