import { describe, expect, it, vi } from 'vitest';
import { LOCALES } from '../../src/texts/index.ts';
import { meanDifference } from '../support/pictures.ts';
import type { Service } from './harness.ts';
import { ASTRONAUT, eventually, PHONE, ROCKET, useChromium, type Visitor } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const chromium = useChromium();
let service: Service;

/** What of the frame shows the photo, in per cent of its width from the left. */
const split = async ({ page }: Visitor) => Number(await page.locator('.split').inputValue());

describe('a result', () => {
  it.each([
    ['with motion', 'no-preference'],
    ['without motion', 'reduce'],
  ] as const)('is seen as a whole first, and compared then, %s', async (_, reducedMotion) => {
    service = await chromium.start();
    const visitor = await chromium.visit({ reducedMotion });
    const { page } = visitor;
    await visitor.draw();
    await eventually(() => split(visitor)).toBe(0);
    // Nothing of the photo is left: the picture is the cartoon, but for the knob at the edge.
    await page.waitForTimeout(300);
    const seen = await page.locator('.frame').screenshot();
    await page.evaluate(`document.querySelector('.handle').remove()`);
    await page.evaluate(`document.querySelector('.layer-after').style.clipPath = 'none'`);
    expect(await meanDifference(seen, await page.locator('.frame').screenshot())).toBeLessThan(1.5);
  });

  it('is seen as a whole on a busy machine, where a frame is older than the cartoon it shows', async () => {
    service = await chromium.start();
    const visitor = await chromium.visit({ reducedMotion: 'no-preference' });
    await visitor.page.evaluate(`{
      const next = requestAnimationFrame;
      window.requestAnimationFrame = (step) => next((now) => step(now - 50));
    }`);
    await visitor.draw();
    await eventually(() => split(visitor)).toBe(0);
  });

  it('shows the knob of the slider as a whole, at both ends', async () => {
    service = await chromium.start();
    const visitor = await chromium.visit(PHONE);
    const { page } = visitor;
    await visitor.draw();
    for (const key of ['Home', 'End']) {
      await page.locator('.split').press(key);
      const frame = await page.locator('.frame').boundingBox();
      const knob = await page.locator('.handle svg').boundingBox();
      if (!frame || !knob) throw new Error('no picture');
      expect(knob.x).toBeGreaterThanOrEqual(frame.x);
      expect(knob.x + knob.width).toBeLessThanOrEqual(frame.x + frame.width);
    }
  });

  it('stays compared in another style, and is seen as a whole again for another photo', async () => {
    service = await chromium.start();
    const visitor = await chromium.visit();
    const { page } = visitor;
    await visitor.draw();
    await page.locator('.split').fill('40');
    await page.getByText('Anime', { exact: true }).click();
    await eventually(() => page.locator('img.after').getAttribute('alt')).toContain('Anime');
    expect(await split(visitor)).toBe(40);
    await visitor.draw();
    await visitor.drawn(2);
    await eventually(() => split(visitor)).toBe(0);
  });
});

it.each(LOCALES)('buttons are whole and within the viewer at every width, in %s', async (locale) => {
  service = await chromium.start();
  const visitor = await chromium.visit({}, `/?lang=${locale}`);
  const { page } = visitor;
  /** Buttons whose words stick out of them, or that stick out of the viewer. */
  const cut = () =>
    page.evaluate<
      string[]
    >(`[...document.querySelectorAll('.bar > :not([inert]) .button:not([hidden])')].flatMap((button) => {
      const { left, right } = button.getBoundingClientRect();
      const inner = button.querySelector('span')?.getBoundingClientRect() ?? { left, right };
      const edge = document.querySelector('#viewer').getBoundingClientRect();
      const isWhole = inner.left >= left && inner.right <= right && left >= edge.left && right <= edge.right;
      return isWhole ? [] : [button.dataset.do];
    })`);
  const atEveryWidth = async () => {
    for (const width of [320, 390, 600, 768, 1024, 1440]) {
      await page.setViewportSize({ width, height: 844 });
      expect([width, await cut()]).toEqual([width, []]);
    }
  };
  await visitor.choose(ASTRONAUT, ROCKET);
  await visitor.drawn(2);
  await atEveryWidth();
  service.engine.failWith = 'broken_image';
  await page.locator('.style-option').nth(2).click();
  await visitor.state('failed');
  await atEveryWidth();
});
