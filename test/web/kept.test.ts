/** What the page keeps in the browser: photos, cartoons and choices, until they are removed or a day old. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import { createTexts } from '../../src/texts/index.ts';
import type { Service } from './harness.ts';
import { ASTRONAUT, eventually, ROCKET, useChromium } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const en = createTexts('en');
const chromium = useChromium();
let service: Service;

const open = async () => {
  service = await chromium.start();
  return await chromium.visit();
};
const DATABASE = `new Promise((resolve) => {
  indexedDB.open('dctoon').onsuccess = ({ target: { result: db } }) => {
    const store = db.transaction('photos', 'readwrite').objectStore('photos');`;
/** Keys of everything that is kept. */
const keys = (page: Page) =>
  page.evaluate<string[][]>(`${DATABASE}
    store.getAllKeys().onsuccess = ({ target }) => { db.close(); resolve(target.result); };
  }})`);
const kept = async (page: Page, kind: string) => (await keys(page)).filter(([key]) => key === kind).length;
const alt = (page: Page) => page.locator('img.after').getAttribute('alt');

it('photos, cartoons, the shown one and its style survive a reload, another language and the way back', async () => {
  const visitor = await open();
  const { page } = visitor;
  await visitor.choose(ASTRONAUT, ROCKET);
  await visitor.drawn(2);
  await page.locator('.strip button').nth(1).click();
  await page.getByText('Anime', { exact: true }).click();
  await eventually(() => alt(page)).toContain('Anime');
  await visitor.state('done');
  await eventually(() => kept(page, 'cartoon')).toBe(3);
  const uploads: string[] = [];
  service.queue.on('queued', ({ job }) => uploads.push(job.style));

  const isThere = async () => {
    await visitor.drawn(2);
    await visitor.state('done');
    expect(await page.locator('.strip button').nth(1).getAttribute('aria-current')).toBe('true');
    expect(await page.locator('input[value=anime]').isChecked()).toBe(true);
    await eventually(() => page.evaluate(`document.querySelector('.before').naturalHeight`)).toBe(427);
  };
  await page.reload();
  await isThere();
  await page.selectOption('#lang', 'de');
  await page.waitForURL(/lang=de/);
  await isThere();
  await page.goto('about:blank');
  await page.goBack();
  await isThere();
  // What is there is not drawn again, and the cartoon can still be downloaded.
  await eventually(() => visitor.previews()).toBe(7);
  expect(uploads.filter((style) => style === 'anime' || style === '3d')).toEqual([]);
  const download = page.waitForEvent('download');
  await page.locator('[data-do=download]').click();
  expect((await download).suggestedFilename()).toBe('rocket-anime.jpg');
  expect(visitor.problems).toEqual([]);
});

it('what was being drawn is drawn after a reload', async () => {
  const visitor = await open();
  const { page } = visitor;
  service.engine.hold = new Promise(() => {});
  await visitor.choose(ASTRONAUT);
  await eventually(() => service.engine.begun).toBe(1);
  await eventually(() => kept(page, 'state')).toBe(1);
  service.engine.hold = undefined;
  await page.reload();
  await visitor.state('done');
});

it('what failed is still failed, and is not tried again unasked', async () => {
  const visitor = await open();
  service.engine.failWith = 'broken_image';
  await visitor.choose(ASTRONAUT);
  await visitor.state('failed');
  const { begun } = service.engine;
  await visitor.page.reload();
  await visitor.state('failed');
  expect(await visitor.text('.sorry')).toBe(en.error('broken_image'));
  expect(service.engine.begun).toBe(begun);
});

it('what is deleted is gone from the browser, one photo or all of them', async () => {
  const visitor = await open();
  const { page } = visitor;
  await visitor.choose(ASTRONAUT, ROCKET, ROCKET);
  await visitor.drawn(3);
  await visitor.button(en.web.delete).click();
  await eventually(() => kept(page, 'photo')).toBe(2);
  await eventually(() => kept(page, 'cartoon')).toBe(2);
  await visitor.button(en.web.deleteAll).click();
  await visitor.state('empty');
  await eventually(async () => (await keys(page)).length).toBe(0);
  await page.reload();
  await visitor.state('empty');
  expect(visitor.problems).toEqual([]);
});

it('a photo that is a day old is gone', async () => {
  const visitor = await open();
  const { page } = visitor;
  await visitor.draw();
  await eventually(() => kept(page, 'cartoon')).toBe(1);
  await page.evaluate(`${DATABASE}
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) { db.close(); return resolve(); }
      if (cursor.key[0] === 'photo') cursor.update({ ...cursor.value, added: Date.now() - 24.1 * 3600e3 });
      cursor.continue();
    };
  }})`);
  await page.reload();
  await eventually(async () => (await keys(page)).length).toBe(0);
  expect(await page.locator('#viewer').getAttribute('data-state')).toBe('empty');
});

it('all cartoons come in one ZIP, each in every style it was drawn in', async () => {
  const visitor = await open();
  const { page } = visitor;
  await visitor.choose(ASTRONAUT, ASTRONAUT);
  await visitor.drawn(2);
  await page.getByText('Anime', { exact: true }).click();
  await eventually(() => alt(page)).toContain('Anime');
  await visitor.state('done');
  const download = page.waitForEvent('download');
  await visitor.button(en.web.downloadAll).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('cartoons.zip');
  const zip = await readFile(await file.path());
  // Headers of the central directory: 46 bytes, then the name.
  const [, ...headers] = zip.toString('latin1').split('PK\u0001\u0002');
  const names = headers.map((header) => /^.{42}(.*?\.jpg)/s.exec(header)?.[1]);
  expect(names.sort()).toEqual(['astronaut-3d (2).jpg', 'astronaut-3d.jpg', 'astronaut-anime.jpg']);
  // Stored, not compressed: the first entry is a whole JPEG.
  const jpeg = zip.subarray(zip.indexOf(Buffer.from([0xff, 0xd8, 0xff])));
  expect((await sharp(jpeg).metadata()).width).toBe(512);
});
