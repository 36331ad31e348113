/**
 * Photos of any size with 0, 1 or 5 faces, as files. Grain makes them as hard to code as a camera's; it is the same in every
 * run, since other grain is another photo (the detector sees a face more or less in it).
 */
import sharp, { type OverlayOptions } from 'sharp';
import { astronaut, rocket, row } from '../test/support/photos.ts';

/** Side of the tile of grain, in pixels. */
const TILE = 512;
/** Standard deviation, of 0..255. */
const STRENGTH = 6;

/** One tile of noise round 128, at most `width` by `height`: each sample the sum of four even ones, which is near enough to Gaussian. */
function grain(width: number, height: number): OverlayOptions {
  const raw = { width: Math.min(TILE, width), height: Math.min(TILE, height), channels: 3 } as const;
  let state = 1;
  const even = () => {
    // The constants of Numerical Recipes' 32-bit generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const scale = STRENGTH * Math.sqrt(3);
  const count = raw.width * raw.height * raw.channels;
  const input = Buffer.from(
    Uint8Array.from({ length: count }, () => 128 + scale * (even() + even() + even() + even())),
  );
  return { input, raw, tile: true, blend: 'soft-light' };
}

export async function photo(width: number, height: number, faces: 0 | 1 | 5): Promise<Buffer> {
  const source = faces === 0 ? await rocket() : faces === 1 ? await astronaut() : await row(5);
  const scene =
    faces === 5
      ? // Five in a row are wider than any photo: they stand in the middle of one.
        sharp(source).resize(width, height, { fit: 'contain', background: '#789' })
      : sharp(source).resize(width, height, { fit: 'cover', position: 'top' });
  return await scene
    .removeAlpha()
    .composite([grain(width, height)])
    .jpeg({ quality: 92 })
    .toBuffer();
}
