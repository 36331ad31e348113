/** Looking at a cartoon closely: zoom, full screen, side by side, the photo for as long as a button is held. */
import { describe, expect, it, vi } from 'vitest';
import { createTexts, LOCALES } from '../../src/texts/index.ts';
import { meanDifference } from '../support/pictures.ts';
import { eventually, PHONE, ROCKET, useChromium, type Visitor } from './visitor.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const en = createTexts('en');
const { looking } = en.web;
const chromium = useChromium();

const drawn = async (options = {}): Promise<Visitor> => {
  await chromium.start();
  const visitor = await chromium.visit(options);
  await visitor.draw();
  return visitor;
};

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
const boxOf = async ({ page }: Visitor, selector: string): Promise<Box> => {
  const box = await page.locator(selector).boundingBox();
  if (!box) throw new Error(`no ${selector}`);
  return box;
};
/** How much larger than its place the cartoon is shown. */
const scale = async (visitor: Visitor) =>
  (await boxOf(visitor, 'img.after')).width / (await boxOf(visitor, '.layer-after')).width;
const zoomed = (visitor: Visitor, least: number, most: number) =>
  eventually(async () => {
    const now = await scale(visitor);
    return now >= least && now <= most ? 'as expected' : now;
  }).toBe('as expected');
const split = async ({ page }: Visitor) => Number(await page.locator('.split').inputValue());
const middleOf = ({ x, y, width, height }: Box) => ({ x: x + width / 2, y: y + height / 2 });

/** Photo and cartoon show the same part of the picture. */
const inStep = async (visitor: Visitor) => {
  const [photo, cartoon] = [await boxOf(visitor, 'img.before'), await boxOf(visitor, 'img.after')];
  expect(photo).toEqual(cartoon);
};

/** Two fingers go apart, on a touch screen. */
async function pinch(visitor: Visitor, from: number, to: number): Promise<void> {
  const { x, y } = middleOf(await boxOf(visitor, '.frame'));
  const session = await visitor.page.context().newCDPSession(visitor.page);
  const points = (apart: number) => [
    { x: x - apart / 2, y, id: 1 },
    { x: x + apart / 2, y, id: 2 },
  ];
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: object[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints } as never);
  await send('touchStart', points(from));
  for (let step = 1; step <= 8; step++) await send('touchMove', points(from + ((to - from) * step) / 8));
  await send('touchEnd', []);
}

describe('zoom', () => {
  it('goes to the place under the wheel, and back to the whole picture', async () => {
    const visitor = await drawn({ viewport: { width: 1280, height: 1000 } });
    const { page } = visitor;
    const frame = await boxOf(visitor, '.frame');
    // A quarter from the left, a third from the top.
    const at = { x: frame.x + frame.width / 4, y: frame.y + frame.height / 3 };
    await page.mouse.move(at.x, at.y);
    await page.keyboard.down('Control');
    for (let n = 0; n < 4; n++) await page.mouse.wheel(0, -40);
    await page.keyboard.up('Control');
    await zoomed(visitor, 2, 6);
    const picture = await boxOf(visitor, 'img.after');
    expect((at.x - picture.x) / picture.width).toBeCloseTo(1 / 4, 2);
    expect((at.y - picture.y) / picture.height).toBeCloseTo(1 / 3, 2);
    await inStep(visitor);
    // Zoomed, the wheel alone does.
    for (let n = 0; n < 8; n++) await page.mouse.wheel(0, 400);
    await zoomed(visitor, 1, 1);
    expect(visitor.problems).toEqual([]);
  });

  it('leaves the wheel to a page that has something to scroll', async () => {
    const visitor = await drawn({ viewport: { width: 800, height: 600 } });
    const { page } = visitor;
    const { x, y } = middleOf(await boxOf(visitor, '.frame'));
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, 200);
    await eventually(() => page.evaluate('scrollY')).toBeGreaterThan(0);
    expect(await scale(visitor)).toBeCloseTo(1);
  });

  it('follows two fingers', async () => {
    const visitor = await drawn(PHONE);
    await pinch(visitor, 80, 200);
    await zoomed(visitor, 2.2, 2.8);
    await inStep(visitor);
    // Nothing was compared by it, and the page itself has its size.
    expect(await split(visitor)).toBe(0);
    expect(await visitor.page.evaluate('visualViewport.scale')).toBe(1);
    await pinch(visitor, 200, 60);
    await zoomed(visitor, 1, 1);
  });

  it.each([
    ['a double click', {}],
    ['a double tap', PHONE],
  ])('comes and goes by %s', async (_, options) => {
    const visitor = await drawn(options);
    const { page } = visitor;
    const { x, y } = middleOf(await boxOf(visitor, '.frame'));
    const twice = async () => {
      if (options === PHONE) for (let n = 0; n < 2; n++) await page.touchscreen.tap(x + 20, y);
      else await page.mouse.dblclick(x + 20, y);
    };
    await twice();
    await zoomed(visitor, 2.4, 2.6);
    expect(await split(visitor)).toBe(0);
    await page.waitForTimeout(500);
    await twice();
    await zoomed(visitor, 1, 1);
  });

  it('works by keys: plus, minus, nought, and arrows with Shift move it', async () => {
    const visitor = await drawn();
    const { page } = visitor;
    const slider = page.locator('.split');
    await slider.press('+');
    await slider.press('+');
    await zoomed(visitor, 2.2, 2.3);
    const before = await boxOf(visitor, 'img.after');
    await slider.press('Shift+ArrowRight');
    await eventually(async () => (await boxOf(visitor, 'img.after')).x).toBeLessThan(before.x);
    // Alone they still move the line.
    await slider.press('ArrowRight');
    expect(await split(visitor)).toBe(1);
    await slider.press('-');
    await zoomed(visitor, 1.45, 1.55);
    await slider.press('0');
    await zoomed(visitor, 1, 1);
  });

  it('works by buttons, which say when there is no more, and is over for another photo', async () => {
    const visitor = await drawn();
    const { page } = visitor;
    const closer = visitor.button(looking.zoomIn);
    const wider = visitor.button(looking.zoomOut);
    expect(await wider.getAttribute('aria-disabled')).toBe('true');
    for (let n = 0; n < 12 && (await closer.getAttribute('aria-disabled')) !== 'true'; n++)
      await closer.click();
    expect(await closer.getAttribute('aria-disabled')).toBe('true');
    expect(await wider.getAttribute('aria-disabled')).toBe('false');
    await zoomed(visitor, 3.5, 16);
    await visitor.choose(ROCKET);
    await visitor.drawn(2);
    await zoomed(visitor, 1, 1);
    await page.waitForTimeout(100);
  });

  it('is dragged, not beyond the picture, and the line between photo and cartoon can still be moved', async () => {
    const visitor = await drawn();
    const { page } = visitor;
    await page.locator('.split').fill('50');
    for (let n = 0; n < 3; n++) await page.locator('.split').press('+');
    await zoomed(visitor, 3.3, 3.5);
    const frame = await boxOf(visitor, '.frame');
    const at = { x: frame.x + frame.width * 0.8, y: frame.y + frame.height * 0.3 };
    const drag = async (from: { x: number; y: number }, dx: number, dy: number) => {
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(from.x + dx, from.y + dy, { steps: 5 });
      await page.mouse.up();
    };
    const before = await boxOf(visitor, 'img.after');
    await drag(at, -60, 40);
    const after = await boxOf(visitor, 'img.after');
    expect(after.x - before.x).toBeCloseTo(-60, 0);
    expect(after.y - before.y).toBeCloseTo(40, 0);
    expect(await split(visitor)).toBe(50);
    await inStep(visitor);
    for (let n = 0; n < 12; n++) await drag(at, frame.width * 0.19, frame.height * 0.6);
    const edge = await boxOf(visitor, 'img.after');
    expect(edge.x).toBeCloseTo(frame.x, 0);
    expect(edge.y).toBeCloseTo(frame.y, 0);
    // The line is in the middle of the frame, wherever the picture is.
    const line = { x: frame.x + frame.width / 2 + 10, y: frame.y + frame.height * 0.3 };
    await drag(line, -frame.width * 0.25, 0);
    await eventually(() => split(visitor)).toBeCloseTo(27, -1);
    expect(await boxOf(visitor, 'img.after')).toEqual(edge);
  });
});

describe('the whole screen', () => {
  it('shows nothing but the picture and what can be done with it, until Escape or the button', async () => {
    const visitor = await drawn({ viewport: { width: 1280, height: 800 } });
    const { page } = visitor;
    const small = await boxOf(visitor, '.frame');
    await visitor.button(looking.full).click();
    await eventually(async () => (await boxOf(visitor, '#viewer')).width).toBe(1280);
    expect((await boxOf(visitor, '.frame')).height).toBeGreaterThan(small.height);
    // What lies below cannot be reached.
    expect(await page.locator('#lang').evaluate((element) => element.closest('[inert]') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    await eventually(async () => (await boxOf(visitor, '.frame')).height).toBe(small.height);
    expect(await page.locator('[inert] #lang').count()).toBe(0);
    await page.locator('.split').press('f');
    await visitor.button(looking.leaveFull).click();
    await eventually(async () => (await boxOf(visitor, '.frame')).height).toBe(small.height);
    expect(visitor.problems).toEqual([]);
  });

  it('is left when the photo is deleted elsewhere', async () => {
    const visitor = await drawn();
    const { page } = visitor;
    await visitor.button(looking.full).click();
    await page.evaluate(`document.querySelector('[data-do=delete]').click()`);
    await visitor.state('empty');
    expect(await page.locator('#viewer.full').count()).toBe(0);
  });
});

describe('side by side', () => {
  it('both are whole, in one size, and zoomed together', async () => {
    const visitor = await drawn({ viewport: { width: 1280, height: 800 } });
    await visitor.button(looking.side).click();
    const photo = await boxOf(visitor, '.layer:has(.before)');
    const cartoon = await boxOf(visitor, '.layer-after');
    expect(photo.x + photo.width).toBeLessThanOrEqual(cartoon.x);
    expect(cartoon.width).toBeCloseTo(photo.width, 0);
    expect(cartoon.width / cartoon.height).toBeCloseTo(1, 1);
    await visitor.page.mouse.dblclick(cartoon.x + 30, cartoon.y + 30);
    await zoomed(visitor, 2.4, 2.6);
    const [before, after] = [await boxOf(visitor, 'img.before'), await boxOf(visitor, 'img.after')];
    expect(before.x - photo.x).toBeCloseTo(after.x - cartoon.x, 0);
    await visitor.button(looking.side).click();
    await inStep(visitor);
  });

  it('a photo wider than high is above its cartoon where that leaves them larger', async () => {
    await chromium.start();
    const visitor = await chromium.visit(PHONE);
    await visitor.draw(ROCKET);
    await visitor.button(looking.side).click();
    const photo = await boxOf(visitor, '.layer:has(.before)');
    const cartoon = await boxOf(visitor, '.layer-after');
    expect(photo.y + photo.height).toBeLessThanOrEqual(cartoon.y);
    expect(photo.x).toBe(cartoon.x);
  });
});

it('the photo is seen for as long as a button is held, by pointer and by key', async () => {
  const visitor = await drawn();
  const { page } = visitor;
  const cartoon = await page.locator('.frame').screenshot();
  const { x, y } = middleOf(await boxOf(visitor, '[data-do="hold"]'));
  await page.mouse.move(x, y);
  await page.mouse.down();
  expect(await meanDifference(cartoon, await page.locator('.frame').screenshot())).toBeGreaterThan(2);
  await page.mouse.up();
  expect(await meanDifference(cartoon, await page.locator('.frame').screenshot())).toBeLessThan(1);
  await visitor.button(looking.hold).focus();
  await page.keyboard.down(' ');
  expect(await page.locator('.layer-after').isVisible()).toBe(false);
  await page.keyboard.up(' ');
  expect(await page.locator('.layer-after').isVisible()).toBe(true);
});

it.each(LOCALES)('the tools are within the picture at 320 pixels, in %s', async (locale) => {
  await chromium.start();
  const visitor = await chromium.visit({ viewport: { width: 320, height: 700 } }, `/?lang=${locale}`);
  await visitor.draw();
  const frame = await boxOf(visitor, '.frame');
  const tools = await boxOf(visitor, '.tools');
  expect(tools.x).toBeGreaterThanOrEqual(frame.x);
  expect(tools.x + tools.width).toBeLessThanOrEqual(frame.x + frame.width);
});
