/** Drawing on the visitor's device: the built service, its real networks, Chromium. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page, Request } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cartoonizer } from '../../../src/inference/cartoonizer.ts';
import { createTexts } from '../../../src/texts/index.ts';
import { launchChromium } from '../../support/browser.ts';
import { astronaut, rocket, row } from '../../support/photos.ts';
import { similarity } from '../../support/pictures.ts';
import { build, ServiceProcess } from '../../support/service.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ASTRONAUT = fileURLToPath(new URL('../../fixtures/astronaut.png', import.meta.url));
const ROCKET = fileURLToPath(new URL('../../fixtures/rocket.jpg', import.meta.url));
const { web, result, error: sentence } = createTexts('en');
let browser: Browser;
let service: ServiceProcess;

beforeAll(async () => {
  await build();
  [browser, service] = await Promise.all([launchChromium(), ServiceProcess.start({})]);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await service?.dispose();
});

/** The page, with every request that it, its worker and its service worker make. */
async function open(
  path: string,
  url?: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; requests: Request[] }> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  const requests: Request[] = [];
  context.on('request', (request) => requests.push(request));
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => expect.fail(error.message));
  await page.goto((url ?? (await service.url())) + path);
  return { page, requests };
}

const state = (page: Page, name: string) => page.waitForSelector(`#viewer[data-state=${name}]`);

async function draw(page: Page, photo: Parameters<Page['setInputFiles']>[1], style?: string): Promise<void> {
  if (style) await page.check(`input[name=style][value="${style}"]`, { force: true });
  await page.setInputFiles('#file', photo);
  await state(page, 'work');
  await state(page, 'done');
}

/** What screen readers say last. */
const said = (page: Page, text: string) =>
  page.waitForFunction(`document.querySelector('#live').textContent.includes(${JSON.stringify(text)})`);

/** The cartoon that is shown. */
async function cartoon(page: Page): Promise<Buffer> {
  const base64 = await page.locator('.after').evaluate(async (image: unknown) => {
    const { src } = image as { src: string };
    const bytes = new Uint8Array(await (await fetch(src)).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  });
  return Buffer.from(base64, 'base64');
}

describe('on the device', { timeout: 180_000 }, () => {
  it('draws without sending anything of the photo, and says so', async () => {
    const { page, requests } = await open('/?local');
    expect(await page.textContent('#privacy')).toBe(web.privacyHere);
    await draw(page, ASTRONAUT);
    await said(page, result.faces({ count: 1 }));
    expect(requests.length).toBeGreaterThan(10);
    for (const request of requests) {
      expect([request.method(), request.postDataBuffer()]).toEqual(['GET', null]);
      expect(request.url()).toMatch(
        /^blob:|\/(\?local|assets\/.*|device\/.*|api\/styles\/.*|manifest.*|service-worker.js)?$/,
      );
    }
  });

  it('after the first visit it needs no server', async () => {
    const own = await ServiceProcess.start({});
    const { page } = await open('/?local', await own.url());
    await draw(page, ASTRONAUT, '3d');
    await page.waitForFunction(`(async () => {
      const { styles } = await (await fetch('/device/pack.json')).json();
      const style = styles.find(({ id }) => id === '3d');
      return (await caches.match(style.scene.url)) && (await caches.match('/device/pack.json'));
    })()`);
    await own.dispose();
    await page.reload();
    await page.click('[data-do="delete"]');
    await draw(page, ROCKET, '3d');
    await said(page, result.noFace);
  });

  it('the same from a folder of files on any static host, in another language too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-site-'));
    const site = ['scripts/site.ts', folder, 'de'];
    await promisify(execFile)(process.execPath, ['--import', 'tsx', ...site], { cwd: ROOT });
    const host = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://host');
      const file = join(folder, pathname === '/' ? 'index.html' : pathname);
      const type = {
        '.html': 'text/html',
        '.js': 'text/javascript',
        '.wasm': 'application/wasm',
        '.css': 'text/css',
      };
      const body = await readFile(file).catch(() => undefined);
      response.writeHead(body ? 200 : 404, { 'Content-Type': type[extname(file) as '.js'] ?? '' });
      response.end(body);
    }).listen(0);
    await once(host, 'listening');
    const { page, requests } = await open('/', `http://localhost:${(host.address() as AddressInfo).port}`);
    expect(await page.textContent('#privacy')).toBe(createTexts('de').web.privacyHere);
    await draw(page, ASTRONAUT);
    for (const request of requests) {
      expect(request.method()).toBe('GET');
      expect(request.url()).toMatch(new RegExp(`^(blob:)?${new URL(page.url()).origin}/`));
      expect((await request.response())?.status() ?? 200, request.url()).toBe(200);
    }
    await page.waitForFunction(`caches.match('/')`);
    await page.context().close();
    host.close();
    await rm(folder, { recursive: true });
  });

  it('is remembered, can be left, and then the server draws', async () => {
    const { page, requests } = await open('/?local');
    await page.goto(await service.url());
    expect(await page.isChecked('#here')).toBe(true);
    await page.uncheck('#here');
    expect(await page.textContent('#privacy')).not.toBe(web.privacyHere);
    await draw(page, ASTRONAUT);
    expect(requests.some((request) => request.method() === 'POST')).toBe(true);
  });

  it('is offered when the server is gone', async () => {
    const { page } = await open('/');
    await page.route('**/api/jobs', (route) => route.abort());
    await page.setInputFiles('#file', ASTRONAUT);
    await state(page, 'failed');
    await page.getByRole('button', { name: web.drawHere }).click();
    await state(page, 'done');
  });

  it.each([
    ['unsupported_format', 'odd.jpg', Buffer.from('no picture at all')],
    ['broken_image', 'broken.png', Buffer.from('\x89PNG\r\n\x1a\n nothing behind it', 'latin1')],
  ] as const)("refuses in the server's words: %s", async (code, name, buffer) => {
    const { page } = await open('/?local');
    await page.setInputFiles('#file', { name, mimeType: 'image/jpeg', buffer });
    await state(page, 'failed');
    expect(await page.textContent('.sorry')).toBe(sentence(code));
  });

  it('draws as the server does', async () => {
    const face = await astronaut();
    const jpeg = (photo: Buffer) => sharp(photo).jpeg({ quality: 95 });
    const photos: [name: string, photo: Buffer, style: string][] = [
      ['one face', face, '3d'],
      ['one face, anime', face, 'anime'],
      ['one face, no colours', face, 'sketch'],
      ['no face', await rocket(), 'illustration'],
      ['two faces', await row(2), 'handdrawn'],
      ['five faces', await row(5), 'design'],
      [
        'on its side by EXIF',
        await jpeg(await sharp(face).rotate(270).toBuffer())
          .withMetadata({ orientation: 6 })
          .toBuffer(),
        '3d',
      ],
      [
        'on its head by EXIF',
        await jpeg(await sharp(face).rotate(180).toBuffer())
          .withMetadata({ orientation: 3 })
          .toBuffer(),
        'artstyle',
      ],
      [
        'mirrored by EXIF',
        await jpeg(await sharp(face).flop().toBuffer())
          .withMetadata({ orientation: 2 })
          .toBuffer(),
        'anime',
      ],
      ['transparent', await sharp(face).ensureAlpha(0.6).png().toBuffer(), '3d'],
      [
        '12 megapixels',
        await jpeg(
          await sharp(await row(2))
            .resize(4000, 3000, { fit: 'cover' })
            .toBuffer(),
        ).toBuffer(),
        '3d',
      ],
      ['small', await sharp(face).resize(130).webp({ quality: 95 }).toBuffer(), 'anime'],
    ];
    const cartoonizer = await Cartoonizer.create();
    // The page's policy lets nobody fetch what it shows.
    const { page } = await open('/?local', undefined, { bypassCSP: true });
    const table: string[] = [];
    for (const [name, photo, style] of photos) {
      await draw(page, { name: 'photo', mimeType: 'image/png', buffer: photo }, style);
      const theirs = await cartoonizer.cartoonize(photo, { style, format: 'png' });
      const { mean, ssim } = await similarity(await cartoon(page), theirs.image);
      table.push(`${name}: mean ${mean.toFixed(2)}, SSIM ${ssim.toFixed(4)}`);
      await said(page, theirs.faces === 0 ? result.noFace : result.faces({ count: theirs.faces }));
      expect.soft(mean, name).toBeLessThan(2);
      expect.soft(ssim, name).toBeGreaterThan(0.985);
      await page.click('[data-do="delete"]');
    }
    await cartoonizer.close();
    if (process.env['VERBOSE']) console.log(table.join('\n'));
  });
});
