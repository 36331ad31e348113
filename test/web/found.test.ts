/** How people come to the page without a photo, and from it to the bots; and what they do with several photos. */
import { expect, it, vi } from 'vitest';
import { createTexts, LOCALES } from '../../src/texts/index.ts';
import type { BotLink } from '../../src/web/page/types.ts';
import type { Service } from './harness.ts';
import { ASTRONAUT, eventually, ROCKET, useChromium } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const en = createTexts('en');
const chromium = useChromium();
let service: Service;

it('photos to try are fetched when one is chosen, and drawn', async () => {
  await chromium.start();
  const visitor = await chromium.visit();
  const { page } = visitor;
  const fetched: string[] = [];
  page.on('request', (request) => {
    if (/sample-\w+\.jpg/.test(request.url())) fetched.push(request.url());
  });
  const { samples } = en.web;
  for (const name of [samples.astronaut, samples.pearl, samples.mona]) {
    expect(
      await visitor
        .button(name)
        .locator('img')
        .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
    ).toBe(112);
  }
  expect(fetched).toEqual([]);
  await visitor.button(samples.pearl).click();
  await visitor.state('done');
  expect(fetched).toHaveLength(1);
  const download = page.waitForEvent('download');
  await visitor.button(en.web.download).click();
  expect((await download).suggestedFilename()).toBe('pearl-3d.jpg');
  expect(visitor.problems).toEqual([]);
});

it('a photo to try that cannot be had is told of, in words', async () => {
  await chromium.start();
  const visitor = await chromium.visit();
  await visitor.page.context().setOffline(true);
  await visitor.button(en.web.samples.mona).click();
  await eventually(() => visitor.page.locator('#notice').textContent()).toBe(en.web.samples.failed);
  await visitor.state('empty');
});

it('the bots are linked to as soon as they are on, in every language', async () => {
  let links: readonly BotLink[] = [];
  service = await chromium.start({ web: { botLinks: () => links } });
  const page = async (locale: string) => (await fetch(`${service.url}/?lang=${locale}`)).text();
  expect(await page('en')).not.toContain('class="bots"');
  links = [
    { platform: 'telegram', url: 'https://t.me/some_bot' },
    { platform: 'discord', url: 'https://discord.com/oauth2/authorize?client_id=123' },
  ];
  for (const locale of LOCALES) {
    const html = await page(locale);
    expect(html).toContain(`aria-label="${createTexts(locale).web.bots}"`);
    for (const { url } of links) expect(html).toContain(`href="${url}"`);
  }
  const visitor = await chromium.visit();
  expect(await visitor.page.getByRole('link', { name: 'Telegram' }).getAttribute('rel')).toBe('noopener');
});

it('one style for all photos, by one button that is there when they are several', async () => {
  service = await chromium.start();
  const visitor = await chromium.visit();
  const { page } = visitor;
  await visitor.draw();
  const forAll = visitor.button(en.web.styleForAll);
  expect(await forAll.isVisible()).toBe(false);
  await visitor.choose(ROCKET, ASTRONAUT);
  await visitor.drawn(3);
  await page.getByText('Anime', { exact: true }).click();
  await forAll.click();
  await visitor.drawn(3);
  const styles = async () => {
    const seen: (string | null)[] = [];
    for (const item of await page.locator('.strip button').all()) {
      await item.click();
      await visitor.state('done');
      await eventually(() => page.locator('.style-option input:checked').getAttribute('value')).not.toBe('');
      seen.push(await page.locator('.style-option input:checked').getAttribute('value'));
    }
    return seen;
  };
  expect(await styles()).toEqual(['anime', 'anime', 'anime']);
  await page.reload();
  await visitor.drawn(3);
  expect(await styles()).toEqual(['anime', 'anime', 'anime']);
  expect(visitor.problems).toEqual([]);
});

it('the strength is kept over a reload', async () => {
  await chromium.start();
  const visitor = await chromium.visit();
  await visitor.draw();
  await visitor.page.locator('#strength').fill('60');
  await visitor.page.reload();
  await visitor.state('done');
  await visitor.page.locator('canvas.mixed').waitFor({ state: 'visible' });
  expect(await visitor.text('#strength-value')).toBe('60%');
});
