/** The visitor's own photo in every style, drawn small: the page with the seven styles of `models/`. */
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { launchChromium } from '../support/browser.ts';
import { astronaut } from '../support/photos.ts';
import { photoForm, type Service, startService } from './harness.ts';
import { ASTRONAUT, eventually, ROCKET, realStyles, Visitor } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let browser: Browser;
let service: Service;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await service.stop();
});

describe('previews of the styles', () => {
  it('come for the photo that is shown when several were sent', async () => {
    service = await startService(await realStyles());
    const visitor = await Visitor.open(browser, service);
    await visitor.choose(ASTRONAUT, ROCKET, ASTRONAUT);
    await visitor.drawn(3);
    await eventually(() => visitor.previews()).toBe(7);
    // And for the next one that is looked at.
    await visitor.page.locator('.strip button').nth(1).click();
    await eventually(() => service.engine.finished).toBe(3 + 6 + 6);
    await eventually(() => visitor.previews()).toBe(7);
    expect(visitor.problems).toEqual([]);
  });

  it('cost a tenth of a photo in the visitor’s limit', async () => {
    service = await startService(await realStyles({ env: { WEB_RATE_LIMIT: '4' } }));
    const visitor = await Visitor.open(browser, service);
    const refused: string[] = [];
    visitor.page.on('response', (response) => {
      if (response.status() === 429) refused.push(response.url());
    });
    // Two photos and twelve previews.
    await visitor.draw();
    await eventually(() => visitor.previews()).toBe(7);
    await visitor.choose(ROCKET);
    await visitor.drawn(2);
    await eventually(() => service.engine.finished).toBe(14);
    expect(refused).toEqual([]);
  });
});

describe('the limit of photos', () => {
  const send = async (photo: Uint8Array) =>
    (await fetch(`${service.url}/api/jobs`, { method: 'POST', body: photoForm(photo) })).status;

  it('counts a small JPEG as a tenth, and nothing else', async () => {
    service = await startService({ env: { WEB_RATE_LIMIT: '2' }, queue: { limitPerUser: 100 } });
    const small = await sharp(await astronaut())
      .resize(448)
      .jpeg()
      .toBuffer();
    for (let n = 0; n < 10; n += 1) expect(await send(small)).toBe(202);
    expect(await send(await astronaut())).toBe(202);
    expect(await send(small)).toBe(429);
  });

  it('is not cheated by few bytes with many pixels', async () => {
    service = await startService({ env: { WEB_RATE_LIMIT: '2' }, queue: { limitPerUser: 100 } });
    const flat = await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#fff' } })
      .jpeg({ quality: 20 })
      .toBuffer();
    expect(flat.length).toBeLessThan(96_000);
    expect([await send(flat), await send(flat), await send(flat)]).toEqual([202, 202, 429]);
  });
});
