/** Every state of the page in every language, at the width of a phone that is enlarged fourfold and on a desk: axe, and sideways scrolling. */
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createTexts, LOCALES } from '../../src/texts/index.ts';
import type { Service } from './harness.ts';
import { ASTRONAUT, eventually, ROCKET, useChromium } from './visitor.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const chromium = useChromium({ each: 'file' });
let service: Service;
beforeAll(async () => {
  service = await chromium.start({
    env: { WEB_RATE_LIMIT: '0' },
    web: { botLinks: () => [{ platform: 'telegram', url: 'https://t.me/some_bot' }] },
  });
}, 60_000);

const violations = (page: Page) =>
  page.evaluate<string[]>(`axe.run().then(({ violations }) => violations.map(
    ({ id, impact, nodes }) => impact + ' ' + id + ': ' + nodes.map(({ html }) => html).join(' | '),
  ))`);
const sideways = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describe.each([320, 1280])('%i pixels wide', (width) => {
  it.each(LOCALES)('in %s nothing is in the way, in any state', async (locale) => {
    const { web } = createTexts(locale);
    const colorScheme = width === 320 ? 'light' : 'dark';
    // axe is put into the page by the test, which the page's own policy rightly forbids.
    const visitor = await chromium.visit(
      { viewport: { width, height: 800 }, colorScheme, bypassCSP: true },
      `/?lang=${locale}`,
    );
    const { page } = visitor;
    await page.addScriptTag({ path: AXE });
    const check = async (state: string) =>
      expect([state, await violations(page), await sideways(page)]).toEqual([state, [], 0]);
    await check('empty');
    let release = () => {};
    service.engine.hold = new Promise((resolve) => {
      release = resolve;
    });
    await visitor.choose(ASTRONAUT, ROCKET);
    await visitor.state('work');
    await check('waiting');
    release();
    await visitor.drawn(2);
    await visitor.state('done');
    await check('several, drawn');
    await page.locator('.split').fill('50');
    for (let n = 0; n < 2; n++) await page.locator('.split').press('+');
    await check('compared, zoomed');
    await visitor.button(web.looking.side).click();
    await check('side by side');
    await visitor.button(web.looking.full).click();
    await check('the whole screen');
    await page.keyboard.press('Escape');
    service.engine.failWith = 'timeout';
    await page.locator('.style-option').nth(1).click();
    await visitor.state('failed');
    await check('failed');
    await page.context().setOffline(true);
    await visitor.button(web.again).click();
    await eventually(() => visitor.text('.sorry')).toBe(web.offline);
    await check('offline');
    await page.context().setOffline(false);
    service.engine.failWith = undefined;
    expect(visitor.problems).toEqual([]);
  });
});
