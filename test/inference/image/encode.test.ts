import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encode } from '../../../src/inference/image/encode.ts';
import { grey, type RawImage, render } from '../../../src/inference/image/raw-image.ts';
import { PHOTO_FORMATS } from '../../../src/inference/types.ts';
import { astronaut, meanDifference } from '../../support/photos.ts';

async function portrait(): Promise<RawImage> {
  return await render(sharp(await astronaut()).removeAlpha());
}

describe('encode', () => {
  it('writes JPEG with full chroma', async () => {
    const { image, width, height } = await encode(await portrait(), 'jpeg');
    expect([width, height]).toEqual([512, 512]);
    expect(await sharp(image).metadata()).toMatchObject({
      format: 'jpeg',
      width: 512,
      chromaSubsampling: '4:4:4',
    });
    expect(await meanDifference(image, await astronaut())).toBeLessThan(3);
  });

  it('writes PNG without loss', async () => {
    const { image } = await encode(await portrait(), 'png');
    expect((await sharp(image).metadata()).format).toBe('png');
    expect(await meanDifference(image, await astronaut())).toBe(0);
  });

  it.each([
    ['webp', 'webp'],
    ['avif', 'heif'],
  ] as const)('writes %s of the same look in fewer bytes than JPEG', async (format, container) => {
    const { image } = await encode(await portrait(), format);
    expect((await sharp(image).metadata()).format).toBe(container);
    expect(await meanDifference(image, await astronaut())).toBeLessThan(3);
    expect(image.length).toBeLessThan((await encode(await portrait(), 'jpeg')).image.length * 0.7);
  });

  it.each(PHOTO_FORMATS)('%s: gets smaller until it fits', async (format) => {
    const picture = await portrait();
    // AVIF takes a second a try.
    for (const maxBytes of format === 'avif' ? [20_000, 900] : [90_000, 40_000, 5_000, 900]) {
      const { image, width, height } = await encode(picture, format, maxBytes);
      expect(image.length).toBeLessThanOrEqual(maxBytes);
      expect(await sharp(image).metadata()).toMatchObject({
        format: format === 'avif' ? 'heif' : format,
        width,
        height,
      });
    }
  });

  it('lowers the quality before the size', async () => {
    const full = await encode(await portrait(), 'jpeg');
    const tighter = await encode(await portrait(), 'jpeg', full.image.length - 1);
    expect([tighter.width, tighter.height]).toEqual([512, 512]);
    expect(tighter.image.length).toBeGreaterThan(full.image.length / 2);
  });

  it('makes a panorama as small as WebP can hold it', async () => {
    const wide = sharp({ create: { width: 17_000, height: 20, channels: 3, background: '#a52' } });
    const { image, width } = await encode(await render(wide), 'webp');
    expect(width).toBe(16_383);
    expect((await sharp(image).metadata()).width).toBe(16_383);
  });

  it('ends, even when nothing fits', async () => {
    const { width, height } = await encode(await portrait(), 'jpeg', 1);
    expect([width, height]).toEqual([1, 1]);
  });
});

describe('grey', () => {
  it('becomes a picture without colours, as JPEG and as PNG', async () => {
    const picture = await grey(await portrait());
    expect(picture.channels).toBe(1);
    for (const format of ['jpeg', 'png'] as const) {
      const { image } = await encode(picture, format);
      const { data } = await sharp(image).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
      for (let i = 0; i < data.length; i += 3 * 997)
        expect([data[i + 1], data[i + 2]]).toEqual([data[i], data[i]]);
      expect(
        await meanDifference(
          image,
          await sharp(await astronaut())
            .greyscale()
            .toBuffer(),
        ),
      ).toBeLessThan(3);
    }
  });
});
