/** The browser's pictures against sharp's: the same calls, on real photos and at odd sizes. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import portable from '../../../src/web/device/worker/sharp.ts';
import { astronaut, rocket } from '../../support/photos.ts';

/** Both answer to these. */
interface Pipeline {
  extract(box: { left: number; top: number; width: number; height: number }): Pipeline;
  resize(width: number, height: number, options: { fit: 'fill' }): Pipeline;
  extend(borders: object): Pipeline;
  rotate(degrees: number): Pipeline;
  blur(sigma: number): Pipeline;
  toColourspace(space: 'b-w'): Pipeline;
  raw(): Pipeline;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
}

/** Mean and largest difference of what sharp and its stand-in make of a photo. */
async function difference(photo: Uint8Array, work: (pipeline: Pipeline) => Pipeline) {
  const { data, info } = await sharp(photo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: 3 as const };
  const [theirs, ours] = await Promise.all(
    [sharp(data, { raw }) as unknown as Pipeline, portable(data, { raw }) as unknown as Pipeline].map(
      (pipeline) => work(pipeline).raw().toBuffer({ resolveWithObject: true }),
    ),
  );
  if (!theirs || !ours) throw new Error('nothing was made');
  expect(ours.info).toMatchObject({
    width: theirs.info.width,
    height: theirs.info.height,
    channels: theirs.info.channels,
  });
  let sum = 0;
  let most = 0;
  for (const [i, value] of theirs.data.entries()) {
    const off = Math.abs(value - (ours.data[i] as number));
    sum += off;
    most = Math.max(most, off);
  }
  return { mean: sum / theirs.data.length, most };
}

const fill = { fit: 'fill' } as const;

describe('in place of sharp', () => {
  it.each([0.87, 0.33, 0.19, 0.03, 0.002, 1.1, 1.7, 3])('resizes to %d', async (scale) => {
    for (const photo of [await astronaut(), await rocket()]) {
      const { width = 0, height = 0 } = await sharp(photo).metadata();
      const size = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
      const [w = 1, h = 1] = size;
      const { mean, most } = await difference(photo, (pipeline) => pipeline.resize(w, h, fill));
      expect(mean).toBeLessThan(0.5);
      // libvips enlarges along both sides at once, without rounding in between.
      expect(most).toBeLessThanOrEqual(scale < 1 ? 3 : 20);
    }
  });

  it.each([1.6, 2.4, 4.8, 7, 14.4])('blurs by %d pixels', async (sigma) => {
    const { mean, most } = await difference(await astronaut(), (pipeline) => pipeline.blur(sigma));
    expect(mean).toBeLessThan(0.6);
    expect(most).toBeLessThanOrEqual(3);
  });

  it.each([
    ['extract', (pipeline: Pipeline) => pipeline.extract({ left: 7, top: 31, width: 200, height: 99 })],
    [
      'extend, mirrored, by more than the picture',
      (pipeline: Pipeline) =>
        pipeline
          .extract({ left: 7, top: 31, width: 20, height: 9 })
          .extend({ left: 3, top: 31, right: 65, bottom: 0, extendWith: 'mirror' }),
    ],
    ['extend, black', (pipeline: Pipeline) => pipeline.extend({ right: 9, bottom: 17, background: '#000' })],
    [
      'extend, grey',
      (pipeline: Pipeline) => pipeline.extend({ left: 2, top: 5, background: { r: 77, g: 77, b: 77 } }),
    ],
    ['a quarter turn', (pipeline: Pipeline) => pipeline.rotate(90)],
    ['a half turn', (pipeline: Pipeline) => pipeline.rotate(180)],
    ['three quarter turns', (pipeline: Pipeline) => pipeline.rotate(270)],
  ])('is exact: %s', async (_, work) => {
    expect(await difference(await rocket(), work)).toEqual({ mean: 0, most: 0 });
  });

  it('takes out colours', async () => {
    const { most } = await difference(await astronaut(), (pipeline) => pipeline.toColourspace('b-w'));
    expect(most).toBeLessThanOrEqual(1);
  });
});
