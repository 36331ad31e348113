/** What a cartoon is cut to, by the real networks: stickers, avatars, emoji and cut-outs. */
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cartoonizer } from '../../../src/inference/cartoonizer.ts';
import type { Shape } from '../../../src/inference/types.ts';
import { MODELS_DIR } from '../../support/models.ts';
import { astronaut, rocket } from '../../support/photos.ts';

let cartoonizer: Cartoonizer;
beforeAll(async () => {
  cartoonizer = await Cartoonizer.create({ modelsDir: MODELS_DIR });
});
afterAll(() => cartoonizer.close());

const draw = async (as: Shape, photo?: Uint8Array, style = '3d') =>
  cartoonizer.cartoonize(photo ?? (await astronaut()), { style, as });
async function pixels(image: Uint8Array) {
  const { data, info } = await sharp(image).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [
    ...data.subarray(4 * (y * info.width + x), 4 * (y * info.width + x) + 4),
  ];
  return { ...info, at, alpha: data.filter((_, i) => i % 4 === 3) };
}
const share = (values: Uint8Array, over: number) =>
  values.filter((value) => value > over).length / values.length;

describe('a cartoon as', { timeout: 60_000 }, () => {
  it('a sticker: 512 pixels, transparent, with a white outline, within 512 kB', async () => {
    const { image, format, width, height } = await draw('sticker');
    expect([format, Math.max(width, height)]).toEqual(['webp', 512]);
    expect(image.length).toBeLessThan(512_000);
    const { at, alpha, ...size } = await pixels(image);
    expect([size.width, size.height]).toEqual([width, height]);
    expect(at(2, 2)[3]).toBe(0);
    expect(at(width - 3, 2)[3]).toBe(0);
    expect(share(alpha, 128)).toBeGreaterThan(0.4);
    // From the left, half way up the head: nothing, then white, then hair.
    const row = Array.from({ length: width }, (_, x) => at(x, Math.round(height * 0.12)));
    const first = row.findIndex(([, , , a]) => (a as number) > 200);
    const [red, green, blue] = row[first + 2] as number[];
    expect(Math.min(red as number, green as number, blue as number)).toBeGreaterThan(225);
    expect(Math.min(...(row[first + 25] as number[]).slice(0, 3))).toBeLessThan(150);
  });

  it('an avatar: a square of 1024 pixels round the head', async () => {
    const { image, format, width, height, faces } = await draw('avatar');
    expect([format, width, height, faces]).toEqual(['jpeg', 1024, 1024, 1]);
    // The same head, found again, is in the middle and large.
    const again = await cartoonizer.cartoonize(image, { style: '3d', as: 'avatar' });
    expect(again.faces).toBe(1);
    const [one, other] = await Promise.all(
      [image, again.image].map((file) => sharp(file).resize(32).raw().toBuffer()),
    );
    const difference = (one as Buffer).reduce(
      (sum, value, i) => sum + Math.abs(value - ((other as Buffer)[i] as number)),
      0,
    );
    expect(difference / (one as Buffer).length).toBeLessThan(45);
  });

  it('an emoji: 128 pixels of the head, transparent', async () => {
    const { image, format, width, height } = await draw('emoji');
    expect([format, width, height]).toEqual(['png', 128, 128]);
    const { at, alpha } = await pixels(image);
    expect(at(1, 1)[3]).toBe(0);
    expect(at(64, 64)[3]).toBeGreaterThan(240);
    expect(share(alpha, 128)).toBeGreaterThan(0.3);
  });

  it('a cut-out: the whole size, people opaque, the rest transparent; the same person before another wall', async () => {
    const { image, format, width, height } = await draw('cutout');
    expect([format, width, height]).toEqual(['png', 512, 512]);
    const first = await pixels(image);
    expect(first.at(10, 10)[3]).toBe(0);
    expect(first.at(225, 110)[3]).toBeGreaterThan(240);
    const photo = await sharp(await astronaut())
      .joinChannel(Buffer.from(first.alpha), { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer();
    const elsewhere = await sharp({ create: { width, height, channels: 3, background: '#3a6b4c' } })
      .composite([{ input: photo }])
      .png()
      .toBuffer();
    const second = await pixels((await draw('cutout', elsewhere)).image);
    let [both, either] = [0, 0];
    for (const [i, a] of first.alpha.entries()) {
      const [one, other] = [a > 128, (second.alpha[i] as number) > 128];
      if (one && other) both++;
      if (one || other) either++;
    }
    expect(both / either).toBeGreaterThan(0.9);
  });

  it('anything fits into as many bytes as are allowed', async () => {
    for (const as of ['cutout', 'avatar', 'sticker'] as const) {
      const options = { style: '3d', as, maxBytes: 30_000, format: 'png' } as const;
      const { image, width, height } = await cartoonizer.cartoonize(await astronaut(), options);
      expect(image.length).toBeLessThanOrEqual(30_000);
      expect(await sharp(image).metadata()).toMatchObject({ width, height });
    }
  });

  it('what comes cut out keeps its transparency, person or not', async () => {
    const star = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><path d="M200 10 L260 280 L60 110 L340 110 L140 280 Z" fill="#c33"/></svg>',
    );
    const { image, width, height } = await draw('cutout', await sharp(star).webp().toBuffer());
    expect([width, height]).toEqual([400, 300]);
    const { at } = await pixels(image);
    expect([at(5, 5)[3], at(200, 40)[3], at(395, 295)[3]]).toEqual([0, 255, 0]);
    // Rounded corners are no cut-out.
    const rounded = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" rx="20" fill="#c33"/></svg>',
    );
    await expect(draw('sticker', await sharp(rounded).png().toBuffer())).rejects.toMatchObject({
      code: 'no_person',
    });
  });

  it('a sketch keeps its grey', async () => {
    const { at } = await pixels((await draw('sticker', undefined, 'sketch')).image);
    const [red, green, blue] = at(256, 300) as [number, number, number];
    expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(12);
  });

  it('says so where there is nobody; an avatar is then the middle of the picture', async () => {
    const photo = await rocket();
    for (const as of ['sticker', 'emoji', 'cutout'] as const) {
      await expect(draw(as, photo)).rejects.toMatchObject({ code: 'no_person', fault: 'user' });
    }
    expect(await draw('avatar', photo)).toMatchObject({ width: 1024, height: 1024, faces: 0 });
  });
});
