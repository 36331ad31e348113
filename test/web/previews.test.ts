import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { astronaut } from '../support/photos.ts';
import { photoForm, type Service } from './harness.ts';
import { ASTRONAUT, eventually, ROCKET, useChromium } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const chromium = useChromium();
let service: Service;

describe('previews of the styles', () => {
  it('come for the photo that is shown when several were sent', async () => {
    service = await chromium.start();
    const visitor = await chromium.visit();
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
    service = await chromium.start({ env: { WEB_RATE_LIMIT: '4' } });
    const visitor = await chromium.visit();
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
    service = await chromium.start({ env: { WEB_RATE_LIMIT: '2' }, queue: { limitPerUser: 100 } });
    const small = await sharp(await astronaut())
      .resize(448)
      .jpeg()
      .toBuffer();
    for (let n = 0; n < 10; n += 1) expect(await send(small)).toBe(202);
    expect(await send(await astronaut())).toBe(202);
    expect(await send(small)).toBe(429);
  });

  it('is not cheated by few bytes with many pixels', async () => {
    service = await chromium.start({ env: { WEB_RATE_LIMIT: '2' }, queue: { limitPerUser: 100 } });
    const flat = await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#fff' } })
      .jpeg({ quality: 20 })
      .toBuffer();
    expect(flat.length).toBeLessThan(96_000);
    expect([await send(flat), await send(flat), await send(flat)]).toEqual([202, 202, 429]);
  });
});
