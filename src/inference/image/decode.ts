/**
 * Bytes of a stranger in, an upright sRGB picture out. Everything that can be wrong with the bytes ends as a named
 * user error.
 */
import sharp, { type Sharp } from 'sharp';
import { DctoonError } from '../../shared/errors.ts';
import type { Profile } from '../profile.ts';
import { containerOf } from './container.ts';
import { checkDecodeCost, tooManyPixels } from './decode-cost.ts';
import { checkBytes, LIMITS } from './limits.ts';
import { withoutAncillaryChunks } from './png-chunks.ts';
import { open, type RawImage, render } from './raw-image.ts';

export type DecodeLimits = Pick<Profile, 'longestSide' | 'decodeBytes'>;

/**
 * Closes every loader of libvips but those of the formats we accept. Once per process, before anything is decoded.
 * SVG, PDF and the like could read files and reach the network; TIFF and the rest are attack surface without users.
 */
export function restrictLoaders(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: [
      'VipsForeignLoadJpegBuffer',
      'VipsForeignLoadPngBuffer',
      'VipsForeignLoadWebpBuffer',
      'VipsForeignLoadNsgifBuffer',
      'VipsForeignLoadHeifBuffer',
    ],
  });
}

/**
 * Decodes the first frame of a photo, turned upright by its EXIF orientation, converted to sRGB, alpha laid on white,
 * and shrunk where its long side is over `longestSide` pixels.
 *
 * @param limits memory that decoding may take (bytes), and the longest side of the result (pixels)
 * @returns uint8 RGB
 * @throws DctoonError `unsupported_format` | `heic` | `too_large` | `too_many_pixels` | `broken_image`
 */
export async function decode(photo: Uint8Array, limits: DecodeLimits): Promise<RawImage> {
  checkBytes(photo.length);
  const container = containerOf(photo);
  if (container === undefined) throw new DctoonError('unsupported_format', 'no accepted signature');
  if (container === 'heic') throw new DctoonError('heic', 'HEVC-coded HEIF');

  const bytes = container === 'png' ? withoutAncillaryChunks(photo) : photo;
  const picture = await fromLibvips(async () => await pictureOf(bytes, limits));
  if (picture.channels !== 3) throw new DctoonError('broken_image', 'not convertible to RGB');
  return picture;
}

async function pictureOf(bytes: Uint8Array, { longestSide, decodeBytes }: DecodeLimits): Promise<RawImage> {
  const started = performance.now();
  // failOn 'error': 'warning' refuses photos that phones really make (sharp#3488); truncated files still fail.
  const source = sharp(bytes, { limitInputPixels: LIMITS.pixels, failOn: 'error' });
  const metadata = await source.metadata();
  checkDecodeCost(metadata, decodeBytes);
  const left = LIMITS.seconds - (performance.now() - started) / 1000;
  const pipeline = source
    .timeout({ seconds: Math.max(1, Math.ceil(left)) })
    .flatten({ background: '#fff' })
    .removeAlpha()
    .toColourspace('srgb');
  const isLarge = Math.max(metadata.width, metadata.pageHeight ?? metadata.height) > longestSide;
  const picture = await render(
    isLarge ? pipeline.resize(longestSide, longestSide, { fit: 'inside' }) : pipeline,
  );
  // Turned only now: a picture that is turned is in memory as a whole, and now it is small.
  const turn = TURNS[metadata.orientation ?? 1];
  return turn ? await render(turn(open(picture))) : picture;
}

/** What sets a picture upright, by its EXIF orientation (EXIF 2.3, tag 0x0112). sharp mirrors before it turns, whatever the order of the calls. */
const TURNS: Readonly<Record<number, (picture: Sharp) => Sharp>> = {
  2: (picture) => picture.flop(),
  3: (picture) => picture.rotate(180),
  4: (picture) => picture.flip(),
  5: (picture) => picture.flop().rotate(270),
  6: (picture) => picture.rotate(90),
  7: (picture) => picture.flop().rotate(90),
  8: (picture) => picture.rotate(270),
};

/** Runs libvips on the stranger's bytes: whatever it throws is the photo's fault. */
async function fromLibvips<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof DctoonError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/pixel limit|exceeds/i.test(message)) throw tooManyPixels(message, LIMITS.pixels, cause);
    throw new DctoonError('broken_image', message, { cause });
  }
}
