/** What does not work on the page, and what the visitor is told and offered then. */
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import type { ErrorCode } from '../../src/shared/errors.ts';
import { createTexts } from '../../src/texts/index.ts';
import type { Service, ServiceOptions } from './harness.ts';
import { ASTRONAUT, eventually, ROCKET, useChromium } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const en = createTexts('en');
const chromium = useChromium();
let service: Service;

const start = async (options: ServiceOptions = {}) => {
  service = await chromium.start(options);
  return await chromium.visit();
};
const file = (name: string, mimeType: string, buffer: Buffer) => ({ name, mimeType, buffer });
const notice = (page: Page) => page.locator('#notice').textContent();

describe('"Try again"', () => {
  it.each<[ErrorCode, boolean]>([
    ['broken_image', false],
    ['unsupported_format', false],
    ['too_many_pixels', false],
    ['timeout', true],
    ['internal', true],
    ['expired', true],
  ])('after %s: %s', async (code, isOffered) => {
    const visitor = await start();
    service.engine.failWith = code;
    await visitor.choose(ASTRONAUT);
    await visitor.state('failed');
    expect(await visitor.button(en.web.again).isVisible()).toBe(isOffered);
    expect(await visitor.page.locator('.failed [data-do=another]').isVisible()).toBe(true);
  });
});

describe('files that cannot be drawn', () => {
  it('are all named, with what is wrong with each', async () => {
    const visitor = await start({ limits: { photoBytes: 1_000_000 } });
    const { page } = visitor;
    const text = Buffer.from('hello');
    await page.setInputFiles('#file', [
      file('a.txt', 'text/plain', text),
      file('big.jpg', 'image/jpeg', Buffer.alloc(1_000_001)),
      file('b.pdf', 'application/pdf', text),
    ]);
    await eventually(() => notice(page)).toBe(
      `a.txt, b.pdf: ${en.error('unsupported_format')}\nbig.jpg: ${en.error('too_large', { megabytes: 1 })}`,
    );
    expect(service.engine.begun).toBe(0);
  });

  it('from an iPhone are explained: HEIC, by its type or its name', async () => {
    const visitor = await start();
    const { page } = visitor;
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
    await page.setInputFiles('#file', [file('one.heic', 'image/heic', heic), file('two.HEIC', '', heic)]);
    await eventually(() => notice(page)).toBe(`one.heic, two.HEIC: ${en.web.heic}`);
    expect(service.engine.begun).toBe(0);
  });

  it('do not keep the others from being drawn', async () => {
    const visitor = await start();
    await visitor.page.setInputFiles('#file', [
      file('a.txt', 'text/plain', Buffer.from('hello')),
      file('b.png', 'image/png', await sharp(ASTRONAUT).png().toBuffer()),
    ]);
    await visitor.state('done');
    expect(await notice(visitor.page)).toContain('a.txt');
  });
});

it('a picture only the browser can read is drawn from a copy', async () => {
  const visitor = await start();
  await visitor.page.setInputFiles('#file', file('old.bmp', 'image/bmp', bitmap(64, 48)));
  await visitor.state('done');
  expect(service.engine.finished).toBeGreaterThan(0);
  expect(visitor.problems).toEqual([]);
});

it('while a busy server is asked again, nobody is told to try again', async () => {
  const visitor = await start({ queue: { limitPerUser: 1 } });
  const { page } = visitor;
  let release = () => {};
  service.engine.hold = new Promise((resolve) => {
    release = resolve;
  });
  await visitor.choose(ASTRONAUT);
  await eventually(() => service.engine.begun).toBe(1);
  await visitor.choose(ROCKET);
  await eventually(() => page.locator('#message').textContent()).toBe(en.web.busy);
  release();
  await visitor.drawn(2);
});

describe('the key of a private server', () => {
  const key = 'a-key-of-enough-length';

  it('that is wrong is called wrong', async () => {
    const visitor = await start({ env: { WEB_API_KEY: key } });
    const { page } = visitor;
    await visitor.choose(ASTRONAUT);
    await page.getByLabel(en.web.key, { exact: true }).fill('wrong');
    expect(await page.locator('#key-wrong').textContent()).toBe('');
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('#key-wrong').textContent()).toBe(en.web.wrongKey);
    await page.getByLabel(en.web.key, { exact: true }).fill(key);
    await page.keyboard.press('Enter');
    await visitor.state('done');
  });

  it.each(['Escape', en.web.cancel])(
    'need not be given: %s closes the dialog, and it stays closed',
    async (way) => {
      const visitor = await start({ env: { WEB_API_KEY: key } });
      const { page } = visitor;
      await visitor.choose(ASTRONAUT, ROCKET);
      await page.waitForSelector('#key[open]');
      if (way === 'Escape') await page.keyboard.press('Escape');
      else await page.locator('#key').getByRole('button', { name: way }).click();
      await visitor.state('failed');
      await eventually(() => page.locator('.badge[data-state=failed]').count()).toBe(2);
      expect(await page.locator('.sorry').textContent()).toBe(en.web.needKey);
      expect(await page.locator('#key[open]').count()).toBe(0);
      // Asked again, it may be given.
      await visitor.button(en.web.again).click();
      await page.getByLabel(en.web.key, { exact: true }).fill(key);
      await page.keyboard.press('Enter');
      await visitor.state('done');
    },
  );
});

it('the bar moves while the result comes in over a slow line', async () => {
  const visitor = await start();
  const { page } = visitor;
  const noise = Buffer.alloc(900 * 900 * 3, 0).map(() => Math.random() * 255);
  const photo = await sharp(noise, { raw: { width: 900, height: 900, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const slow = { offline: false, latency: 50, uploadThroughput: -1, downloadThroughput: 150_000 };
  await session.send('Network.emulateNetworkConditions', slow);
  await page.evaluate(`
    window.seen = new Set();
    new MutationObserver(() => seen.add(document.querySelector('.meter').getAttribute('aria-valuenow') + ' '
      + document.querySelector('#message').textContent))
      .observe(document.querySelector('.meter'), { attributes: true });
  `);
  await page.setInputFiles('#file', file('noise.jpg', 'image/jpeg', photo));
  await page.waitForSelector('#viewer[data-state=done]', { timeout: 60_000 });
  const seen = await page.evaluate<string[]>('[...window.seen]');
  const steps = seen.filter((line) => line.endsWith(en.web.downloading));
  expect(steps.length).toBeGreaterThan(4);
});

it('a job that is given up is given up once', async () => {
  const visitor = await start();
  const { page } = visitor;
  service.engine.hold = new Promise(() => {});
  const deleted: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'DELETE') deleted.push(request.url());
  });
  await visitor.choose(ASTRONAUT);
  await eventually(() => service.engine.begun).toBe(1);
  await visitor.button(en.web.cancel).click();
  await eventually(() => service.engine.aborted).toBe(1);
  await page.waitForTimeout(300);
  expect(deleted).toHaveLength(1);
});

/** A Windows bitmap of one colour: 24 bits a pixel, rows from below, each a multiple of four bytes. */
function bitmap(width: number, height: number): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + row * height, 0x80);
  bytes.fill(0, 0, 54);
  bytes.write('BM', 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}
