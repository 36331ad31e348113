/** The page in a real browser: Debian's Chromium, driven by playwright-core. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readThumbnails } from '../../src/inference/models/thumbnails.ts';
import { createTexts, LOCALES } from '../../src/texts/index.ts';
import { launchChromium } from '../support/browser.ts';
import { modelsFolder } from '../support/models-folder.ts';
import { type Service, type ServiceOptions, startService, until } from './harness.ts';
import { realStyles } from './visitor.ts';

const ASTRONAUT = new URL('../fixtures/astronaut.png', import.meta.url).pathname;
const ROCKET = new URL('../fixtures/rocket.jpg', import.meta.url).pathname;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const en = createTexts('en');

/** Polls for long: the machine is shared. */
const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 20_000 });
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let browser: Browser;
let service: Service;
const problems: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const start = async (options: ServiceOptions = {}) => {
  service = await startService({ ...options, limits: { requestsPerMinute: 0, ...options.limits } });
};
beforeEach(() => {
  problems.length = 0;
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await service.stop();
  expect(problems).toEqual([]);
});

/** Opens the page. Errors in its script, and requests to anybody else, fail the test. */
async function open(options: BrowserContextOptions = {}, path = '/'): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(service.url))
      problems.push(`request to ${request.url()}`);
  });
  await page.goto(service.url + path, { waitUntil: 'networkidle' });
  return page;
}

const state = (page: Page, name: 'empty' | 'work' | 'done' | 'failed') =>
  page.waitForSelector(`#viewer[data-state=${name}]`);
const draw = async (page: Page, files: string | string[] = ASTRONAUT) => {
  await page.setInputFiles('#file', files);
  await state(page, 'done');
};
const split = (page: Page) => page.locator('.split').inputValue();
const message = (page: Page) => page.locator('#message').textContent();
/** Waits until that many of several photos are done. */
const drawn = (page: Page, count: number) =>
  eventually(() => page.locator('.badge[data-state=done]').count()).toBe(count);
const attributes = (page: Page, selector: string, name: string) =>
  page
    .locator(selector)
    .all()
    .then((all) => Promise.all(all.map((one) => one.getAttribute(name))));
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Holds every photo in its first stage until the returned function is called. */
function hold(): () => void {
  let release = () => {};
  service.engine.hold = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}

describe('drawing', () => {
  it('shows before and after, and gives the cartoon to keep', async () => {
    await start();
    const page = await open();
    await draw(page);
    const download = page.waitForEvent('download');
    await button(page, en.web.download).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('astronaut-3d.jpg');
    const picture = await sharp(await readFile(await file.path())).metadata();
    expect([picture.format, picture.width, picture.height]).toEqual(['jpeg', 512, 512]);
    // Two different pictures, one above the other, of the same size at the same place.
    const [before, after] = [page.locator('img.before'), page.locator('img.after')];
    expect(await before.getAttribute('src')).not.toBe(await after.getAttribute('src'));
    expect(await before.boundingBox()).toEqual(await after.boundingBox());
    expect(await after.getAttribute('alt')).toBe(en.result.alt({ style: '3D film' }));
  });

  it('takes photos that are dropped, and ones that are pasted', async () => {
    await start();
    for (const kind of ['drop', 'paste']) {
      const page = await open();
      const base64 = (await readFile(ASTRONAUT)).toString('base64');
      const transfer = `(() => {
        const bytes = Uint8Array.from(atob('${base64}'), (char) => char.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], 'a.png', { type: 'image/png' }));
        return transfer;
      })()`;
      if (kind === 'drop') {
        const dataTransfer = await page.evaluateHandle(transfer);
        await page.dispatchEvent('body', 'dragover', { dataTransfer });
        expect(await page.locator('#viewer.dragging').count()).toBe(1);
        await page.dispatchEvent('body', 'drop', { dataTransfer });
        expect(await page.locator('#viewer.dragging').count()).toBe(0);
      } else {
        const paste = `new ClipboardEvent('paste', { clipboardData: ${transfer}, bubbles: true })`;
        await page.evaluate(`document.body.dispatchEvent(${paste})`);
      }
      await state(page, 'done');
      await page.context().close();
    }
  });

  it('shows the place in the queue and the stages while it waits', async () => {
    await start();
    const release = hold();
    const [first, second] = [await open(), await open()];
    await first.setInputFiles('#file', ASTRONAUT);
    await until(() => service.engine.begun >= 1);
    await second.setInputFiles('#file', ASTRONAUT);
    await eventually(() => message(second)).toMatch(/^You are next/);
    await eventually(() => message(first)).toBe(en.status.stages.decode);
    release();
    await Promise.all([state(first, 'done'), state(second, 'done')]);
  });

  it('draws the photo in every style, and shows another at once when it has been drawn before', async () => {
    await start();
    const page = await open();
    const styles: string[] = [];
    service.queue.on('queued', ({ job }) => styles.push(job.style));
    await draw(page);
    // The tiles show the user's own photo in each style, drawn small, one after another.
    await until(() => service.engine.finished === 3);
    expect(styles).toEqual(['3d', 'anime', 'sketch']);
    await eventually(async () => new Set(await attributes(page, '.swatch img', 'src')).size).toBe(3);
    const seen = new Set([await page.locator('img.after').getAttribute('src')]);
    for (const title of ['Anime', 'Pencil sketch', '3D film']) {
      await page.getByText(title, { exact: true }).click();
      await state(page, 'done');
      await eventually(() => page.locator('img.after').getAttribute('alt')).toContain(title);
      seen.add(await page.locator('img.after').getAttribute('src'));
    }
    expect(seen.size).toBe(3);
    expect(styles).toEqual(['3d', 'anime', 'sketch', 'anime', 'sketch']);
  });

  it('shows what the styles look like on somebody else until the own photo is drawn in them', async () => {
    const models = await modelsFolder({ '3d': true, anime: true });
    await start({ web: { thumbnails: await readThumbnails(models.path) } });
    await models.remove();
    const page = await open();
    const sources = () => attributes(page, '.swatch img', 'src');
    const loaded = `[...document.querySelectorAll('.swatch img')].map((image) => image.naturalWidth)`;
    expect(await page.evaluate(loaded)).toEqual([64, 64]);
    const examples = await sources();
    expect(await page.locator('.swatch').allTextContents()).toEqual(['', '', 'P']);
    const release = hold();
    await page.setInputFiles('#file', ASTRONAUT);
    await until(() => service.engine.begun >= 1);
    expect((await sources()).slice(0, 2)).toEqual(examples);
    // Without an example the photo itself is better than nothing.
    expect((await sources())[2]).toMatch(/^blob:/);
    release();
    await eventually(async () => (await sources()).filter((url) => url?.startsWith('blob:')).length).toBe(3);
  });

  it('draws several photos, each shown when it is chosen', async () => {
    await start();
    const page = await open();
    await page.setInputFiles('#file', [ASTRONAUT, ROCKET, ASTRONAUT]);
    await drawn(page, 3);
    const items = page.locator('.strip button');
    expect(await items.nth(0).getAttribute('aria-current')).toBe('true');
    expect(await items.nth(1).getAttribute('aria-label')).toBe(`rocket.jpg. ${en.web.ready}`);
    await items.nth(1).click();
    await eventually(() => page.evaluate(`document.querySelector('.before').naturalHeight`)).toBe(427);
    expect(await items.nth(1).getAttribute('aria-current')).toBe('true');
    expect(await button(page, en.web.downloadAll).isVisible()).toBe(true);
  });

  it('deletes a photo and its cartoons when told to, on the server too, and says so', async () => {
    await start();
    const page = await open();
    const remove = page.locator('[data-do=delete]');
    expect(await remove.isVisible()).toBe(false);
    const results: string[] = [];
    page.on('response', (response) => {
      if (response.url().endsWith('/result')) results.push(response.url());
    });
    await draw(page);
    await page.getByText('Anime', { exact: true }).click();
    await eventually(() => page.locator('img.after').getAttribute('alt')).toContain('Anime');
    await eventually(() => results.length).toBe(2);
    await page.setInputFiles('#file', ROCKET);
    await drawn(page, 2);
    await button(page, en.web.delete).click();
    await eventually(() => page.locator('#notice').textContent()).toBe(en.web.deleted);
    // The other photo is shown; when that is gone too, the page is as it was.
    await state(page, 'done');
    await button(page, en.web.delete).click();
    await state(page, 'empty');
    expect(await remove.isVisible()).toBe(false);
    expect(await page.locator('.view').isVisible()).toBe(false);
    for (const url of results) await eventually(async () => (await fetch(url)).status).toBe(404);
    await draw(page);
  });

  it('says when there was no face', async () => {
    await start();
    service.engine.faces = 0;
    const page = await open();
    await draw(page, ROCKET);
    expect(await page.locator('.note').textContent()).toBe(en.result.noFace);
    expect(await page.locator('.note').isVisible()).toBe(true);
  });

  it('copies a PNG', async () => {
    await start();
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await draw(page);
    await button(page, en.web.copy).click();
    await eventually(() => page.locator('#live').textContent()).toBe(en.web.copied);
    const type = await page.evaluate('navigator.clipboard.read().then(([item]) => item.types[0])');
    expect(type).toBe('image/png');
  });
});

describe('what does not work', () => {
  it('is said in plain words, and can be tried again', async () => {
    await start();
    service.engine.failWith = 'timeout';
    const page = await open();
    await page.setInputFiles('#file', ASTRONAUT);
    await state(page, 'failed');
    expect(await page.locator('.sorry').textContent()).toBe(en.error('timeout'));
    service.engine.failWith = undefined;
    await button(page, en.web.again).click();
    await state(page, 'done');
  });

  it('can be cancelled, on the server too', async () => {
    await start();
    hold();
    const page = await open();
    await page.setInputFiles('#file', ASTRONAUT);
    await until(() => service.engine.begun >= 1);
    await button(page, en.web.cancel).click();
    await state(page, 'failed');
    expect(await page.locator('.sorry').textContent()).toBe(en.web.stopped);
    await until(() => service.engine.aborted === 1);
  });

  it('stops when the page is closed', async () => {
    await start();
    hold();
    const page = await open();
    await page.setInputFiles('#file', ASTRONAUT);
    // Two on a busy machine: over a line that seems slow, a small copy is drawn first.
    await until(() => service.engine.begun > 0);
    await eventually(() => message(page)).toBe(en.status.stages.decode);
    await page.close({ runBeforeUnload: false });
    await until(() => service.engine.aborted > 0 && service.engine.aborted === service.engine.begun);
  });

  it('is refused before it is sent: too many bytes, no picture', async () => {
    await start({ limits: { photoBytes: 1_000_000 } });
    const page = await open();
    const big = { name: 'big.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(1_000_001) };
    await page.setInputFiles('#file', big);
    await page.waitForSelector('#notice:not([hidden])');
    expect(await page.locator('#notice').textContent()).toBe(
      `big.jpg: ${en.error('too_large', { megabytes: 1 })}`,
    );
    await page.setInputFiles('#file', {
      name: 'a.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('hello'),
    });
    await eventually(() => page.locator('#notice').textContent()).toBe(
      `a.txt: ${en.error('unsupported_format')}`,
    );
    expect(service.engine.begun).toBe(0);
    expect(await page.locator('#viewer').getAttribute('data-state')).toBe('empty');
  });

  it('waits for a busy server instead of troubling the user', async () => {
    await start({ queue: { limitPerUser: 1 } });
    const release = hold();
    const page = await open();
    await page.setInputFiles('#file', [ASTRONAUT, ROCKET]);
    await until(() => service.engine.begun >= 1);
    release();
    await drawn(page, 2);
  });

  it('survives a connection that breaks while it waits', async () => {
    await start();
    const release = hold();
    const page = await open();
    await page.setInputFiles('#file', ASTRONAUT);
    await until(() => service.engine.begun >= 1);
    await page.context().setOffline(true);
    await page.waitForTimeout(300);
    await page.context().setOffline(false);
    release();
    await state(page, 'done');
  });

  it('asks for the key of a private server', async () => {
    const key = 'a-key-of-enough-length';
    await start({ env: { WEB_API_KEY: key } });
    const page = await open();
    await page.setInputFiles('#file', ASTRONAUT);
    await page.getByLabel(en.web.key, { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    // It is asked again, with an empty field.
    await eventually(() => page.locator('#key-field').inputValue()).toBe('');
    await page.getByLabel(en.web.key, { exact: true }).fill(key);
    await button(page, en.web.useKey).click();
    await state(page, 'done');
  });
});

describe('everybody', () => {
  it('can do everything with the keyboard', async () => {
    await start();
    const page = await open();
    const focused = () =>
      page.evaluate(
        `(({ id, dataset, className }) => id || dataset.do || className)(document.activeElement)`,
      );
    const tabTo = async (name: string) => {
      for (let n = 0; n < 12; n += 1) {
        await page.keyboard.press('Tab');
        if ((await focused()) === name) return;
      }
      throw new Error(`${name} is not reached, the focus is on ${await focused()}`);
    };
    // Long before it is needed: Playwright does not wait until Chromium hands choosers over, and one that Space opens
    // at once is lost (6 of 60).
    page.once('filechooser', (chooser) => chooser.setFiles(ASTRONAUT));
    await tabTo('lang');
    await tabTo('file');
    await page.keyboard.press('Space');
    await state(page, 'done');
    await page.locator('.brand').focus();
    await tabTo('split');
    await page.keyboard.press('ArrowRight');
    expect(await split(page)).toBe('1');
    await page.keyboard.press('Home');
    expect(await split(page)).toBe('0');
    expect(await page.locator('.split').getAttribute('aria-valuetext')).toBe(en.web.split({ percent: 100 }));
    await tabTo('download');
    const download = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    await download;
    await tabTo('another');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await eventually(() => page.locator('img.after').getAttribute('alt')).toContain('Anime');
  });

  it('hears what happens', async () => {
    await start();
    const page = await open();
    await page.evaluate(`
      window.heard = [];
      const live = document.querySelector('#live');
      const listen = () => live.textContent && heard.push(live.textContent);
      new MutationObserver(listen).observe(live, { childList: true });
    `);
    service.engine.stageMs = 100;
    await draw(page);
    await eventually(() => page.evaluate('window.heard')).toEqual([
      en.web.working,
      `${en.web.ready} ${en.result.faces({ count: 1 })}`,
    ]);
  });

  it.each<[string, BrowserContextOptions]>([
    ['light', {}],
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', PHONE],
    ['dark on a phone', { ...PHONE, colorScheme: 'dark' }],
  ])('finds nothing in the way (axe, %s)', async (_, options) => {
    await start();
    // axe is put into the page by the test, which the page's own policy rightly forbids.
    const page = await open({ ...options, bypassCSP: true });
    await page.addScriptTag({ path: AXE });
    const violations = () =>
      page.evaluate(`axe.run().then(({ violations }) => violations.map(
        ({ id, impact, nodes }) => impact + ' ' + id + ': ' + nodes.map(({ html }) => html).join(' | '),
      ))`);
    expect(await violations()).toEqual([]);
    const release = hold();
    await page.setInputFiles('#file', [ASTRONAUT, ROCKET]);
    await state(page, 'work');
    expect(await violations()).toEqual([]);
    release();
    await drawn(page, 2);
    await state(page, 'done');
    expect(await violations()).toEqual([]);
    service.engine.failWith = 'timeout';
    await page.getByText('Anime', { exact: true }).click();
    await state(page, 'failed');
    expect(await violations()).toEqual([]);
  });

  it.each(LOCALES)('reads it in %s, on a phone without scrolling sideways', async (locale) => {
    await start();
    const page = await open(PHONE, `/?lang=${locale}`);
    const texts = createTexts(locale);
    expect(await page.locator('h1').textContent()).toBe(texts.web.tagline);
    const overflow = () =>
      page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(await overflow()).toBe(0);
    await draw(page);
    expect(await overflow()).toBe(0);
    expect(await button(page, texts.web.download).isVisible()).toBe(true);
  });

  it('switches the language', async () => {
    await start();
    const page = await open();
    await page.selectOption('#lang', 'uk');
    await eventually(() => page.locator('h1').textContent()).toBe(createTexts('uk').web.tagline);
    await page.goto(service.url);
    expect(await page.locator('h1').textContent()).toBe(createTexts('uk').web.tagline);
  });

  it('can drag the line with a finger', async () => {
    await start();
    const page = await open(PHONE);
    await draw(page);
    const box = await page.locator('.frame').boundingBox();
    if (!box) throw new Error('no picture');
    const session = await page.context().newCDPSession(page);
    const y = box.y + box.height / 2;
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', share?: number) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: share === undefined ? [] : [{ x: box.x + box.width * share, y }],
      });
    await send('touchStart', 0.1);
    for (const share of [0.15, 0.2, 0.25]) await send('touchMove', share);
    await send('touchEnd');
    await eventually(async () => Number(await split(page))).toBeCloseTo(25, -1);
  });

  it('gets the cartoon without JavaScript too', async () => {
    await start();
    const page = await open({ javaScriptEnabled: false });
    await page.setInputFiles('#file', ASTRONAUT);
    await page.getByText('Anime', { exact: true }).click();
    const download = page.waitForEvent('download');
    await button(page, en.web.submit).click();
    expect((await download).suggestedFilename()).toBe('cartoon_result.png');
  });
});

describe('budgets', () => {
  it('loads in less than 150 kB, with the pictures of the styles that ship', async () => {
    await start(await realStyles());
    const context = await browser.newContext({ locale: 'ru' });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await page.goto(service.url, { waitUntil: 'networkidle' });
    console.info(`first load: ${(bytes / 1000).toFixed(1)} kB`);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(150_000);
  });

  it.each<[string, BrowserContextOptions]>([
    ['a desktop', { viewport: { width: 1280, height: 800 } }],
    ['a phone', PHONE],
  ])('moves nothing on %s, from the first load to the result', async (_, options) => {
    await start();
    const page = await open({ ...options, reducedMotion: 'no-preference' });
    await page.evaluate(`
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries())
          shifts.push(value + ' ' + sources.map(({ node }) => node?.className).join(' '));
      }).observe({ type: 'layout-shift', buffered: true });
    `);
    service.engine.stageMs = 150;
    await draw(page);
    await page.waitForTimeout(1500);
    service.engine.failWith = 'broken_image';
    await page.getByText('Anime', { exact: true }).click();
    await state(page, 'failed');
    await page.waitForTimeout(200);
    expect(await page.evaluate('window.shifts')).toEqual([]);
  });

  it('puts everything to start with above the fold of a phone', async () => {
    await start();
    const page = await open(PHONE);
    const box = await page.locator('#viewer').boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(844);
  });
});
