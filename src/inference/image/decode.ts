/**
 * Bytes of a stranger in, an upright sRGB picture out. Everything that can be wrong with the bytes ends as a named
 * user error. The settings come from
 * a survey of 1237 odd files.
 */
import sharp, { type Sharp } from 'sharp';
import { DctoonError } from '../../shared/errors.ts';
import { checkBytes, LIMITS } from './limits.ts';
import { type RawImage, render, type Size } from './raw-image.ts';

type Container = 'jpeg' | 'png' | 'gif' | 'webp' | 'avif' | 'heic';

/** HEIF brands (ISO/IEC 23008-12 annex B) whose pictures are coded with HEVC, which npm's sharp cannot decode. */
const HEVC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);

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
 * and shrunk where its long side is over `longestSide`.
 *
 * @throws DctoonError `unsupported_format` | `heic` | `too_large` | `too_many_pixels` | `broken_image`
 */
export async function decode(photo: Uint8Array, longestSide: number): Promise<RawImage> {
  checkBytes(photo);
  const container = containerOf(photo);
  if (container === undefined) throw new DctoonError('unsupported_format', 'no accepted signature');
  if (container === 'heic') throw new DctoonError('heic', 'HEVC-coded HEIF');

  // failOn 'error': 'warning' refuses photos that phones really make (sharp#3488); truncated files still fail.
  const source = sharp(photo, { limitInputPixels: LIMITS.pixels, failOn: 'error' });
  const picture = await fromLibvips(
    async () => await render(upright(source, await frameSize(source), longestSide)),
  );
  if (picture.channels !== 3) throw new DctoonError('broken_image', 'not convertible to RGB');
  return picture;
}

/** Size of one frame, before orientation. @throws DctoonError `too_many_pixels` where all frames together are too much */
async function frameSize(source: Sharp): Promise<Size> {
  const { width, height, pageHeight = height, pages = 1 } = await source.metadata();
  if (width * pageHeight * pages > LIMITS.pixels)
    throw tooManyPixels(`${width} x ${pageHeight} x ${pages} frames`);
  return { width, height: pageHeight };
}

function upright(source: Sharp, { width, height }: Size, longestSide: number): Sharp {
  const pipeline = source
    .timeout({ seconds: LIMITS.seconds })
    .autoOrient()
    .flatten({ background: '#fff' })
    .removeAlpha()
    .toColourspace('srgb');
  if (Math.max(width, height) <= longestSide) return pipeline;
  return pipeline.resize(longestSide, longestSide, { fit: 'inside' });
}

function tooManyPixels(message: string, cause?: unknown): DctoonError {
  return new DctoonError('too_many_pixels', message, { cause, details: { megapixels: LIMITS.pixels / 1e6 } });
}

/** Runs libvips on the stranger's bytes: whatever it throws is the photo's fault. */
async function fromLibvips<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof DctoonError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/pixel limit|exceeds/i.test(message)) throw tooManyPixels(message, cause);
    throw new DctoonError('broken_image', message, { cause });
  }
}

/** Which container the first bytes announce. Names and media types that came along are ignored: they lie. */
function containerOf(photo: Uint8Array): Container | undefined {
  const text = (start: number, end: number) => Buffer.from(photo.subarray(start, end)).toString('latin1');
  if (text(0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (/^GIF8[79]a$/.test(text(0, 6))) return 'gif';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp';
  if (text(4, 8) === 'ftyp') return heifOf(text(8, Math.min(photo.length, 256)), photo);
  return undefined;
}

/** AVIF or HEIC, by the brands of the `ftyp` box (major brand, 4 bytes of version, compatible brands). */
function heifOf(brandText: string, photo: Uint8Array): 'avif' | 'heic' | undefined {
  const boxLength = Buffer.from(photo.subarray(0, 4)).readUInt32BE();
  const brands = (brandText.slice(0, Math.max(4, boxLength - 8)).match(/.{4}/gs) ?? []).filter(
    (_, i) => i !== 1,
  );
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  return brands.some((brand) => HEVC_BRANDS.has(brand)) ? 'heic' : undefined;
}
