/**
 * Bytes of a stranger in, an upright sRGB picture out. Everything that can be wrong with the bytes ends as a named
 * user error.
 */
import sharp, { type Sharp } from 'sharp';
import { DctoonError } from '../../shared/errors.ts';
import type { Profile } from '../profile.ts';
import { asStill } from './avif-sequence.ts';
import { type Container, containerOf } from './container.ts';
import { checkDecodeCost, tooManyPixels } from './decode-cost.ts';
import { checkBytes, LIMITS, within } from './limits.ts';
import { withoutAncillaryChunks } from './png-chunks.ts';
import { open, type RawImage, render } from './raw-image.ts';

export type DecodeLimits = Pick<Profile, 'longestSide' | 'mostPixels' | 'decodeBytes'>;

/** A photo, upright. */
export interface DecodedPhoto extends RawImage {
  /** It was shrunk to what the limits allow. */
  readonly isSmaller: boolean;
  /** Its file ends too early; what is missing is flat. */
  readonly isDamaged: boolean;
}

/** Of a JPEG that ends too early so much must be there. */
const MOST_OF_IT = 0.75;
/** Levels by which the pixels of a row differ that were in the file; what is missing has one colour per row. */
const FLAT = 3;

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
 * and shrunk where it is larger than the limits allow. A JPEG whose end is missing is drawn as far as it goes, if that is most of it.
 *
 * @param limits memory that decoding may take (bytes), the longest side of the result and its area (pixels)
 * @returns uint8 RGB
 * @throws DctoonError `unsupported_format` | `heic` | `too_large` | `too_many_pixels` | `broken_image`
 */
export async function decode(photo: Uint8Array, limits: DecodeLimits): Promise<DecodedPhoto> {
  checkBytes(photo.length);
  const container = containerOf(photo);
  if (container === undefined) throw new DctoonError('unsupported_format', 'no accepted signature');
  if (container === 'heic') throw new DctoonError('heic', 'HEVC-coded HEIF');

  const bytes = plain(photo, container);
  if (!bytes) throw new DctoonError('unsupported_format', 'an image sequence without a still');
  const picture = await fromLibvips(() => pictureOf(bytes, limits));
  if (picture.channels !== 3) throw new DctoonError('broken_image', 'not convertible to RGB');
  return picture;
}

/** Of a photo's own transparency. */
export interface AlphaOptions {
  /** Longest side in pixels. */
  readonly side: number;
  /** Share of the picture that must be transparent before it counts. */
  readonly share: number;
}
/** What stickers want to know: whether somebody is cut out already. Rounded corners do not count. */
const CUT_OUT: AlphaOptions = { side: 768, share: 0.05 };

/**
 * The transparency of a photo that is cut out already, such as a sticker: one channel, upright, of the photo's proportions and at most
 * `side` pixels long. Undefined where it has none, or hardly any. The photo has been decoded before.
 */
export async function decodeAlpha(
  photo: Uint8Array,
  { side, share }: AlphaOptions = CUT_OUT,
): Promise<RawImage | undefined> {
  const container = containerOf(photo);
  const bytes = container && plain(photo, container);
  if (!bytes) return undefined;
  return await fromLibvips(async () => {
    const options = { limitInputPixels: LIMITS.pixels, failOn: 'error' } as const;
    const { hasAlpha, orientation = 1 } = await sharp(bytes, options).metadata();
    if (!hasAlpha) return undefined;
    const size = { width: side, height: side, fit: 'inside', withoutEnlargement: true } as const;
    const alpha = await render(
      sharp(bytes, options)
        .timeout({ seconds: LIMITS.seconds })
        .resize(size)
        .extractChannel('alpha')
        .toColourspace('b-w'),
    );
    const { mean = 255 } = (await open(alpha).stats()).channels[0] ?? {};
    if (mean > 255 * (1 - share)) return undefined;
    const turn = TURNS[orientation];
    return turn ? await render(turn(open(alpha))) : alpha;
  });
}

/** The file without what libvips should not see, or would not understand. */
function plain(photo: Uint8Array, container: Container): Uint8Array | undefined {
  if (container === 'png') return withoutAncillaryChunks(photo);
  return container === 'avif' ? asStill(photo) : photo;
}

async function pictureOf(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedPhoto> {
  const started = performance.now();
  // failOn 'error': 'warning' refuses photos that phones really make (sharp#3488); truncated files still fail.
  const metadata = await sharp(bytes, { limitInputPixels: LIMITS.pixels, failOn: 'error' }).metadata();
  checkDecodeCost(metadata, limits.decodeBytes);
  const stored = { width: metadata.width, height: metadata.pageHeight ?? metadata.height };
  const size = within(stored, limits);
  const isSmaller = size.width < stored.width || size.height < stored.height;
  const decoded = async (failOn: 'error' | 'none') => {
    const left = LIMITS.seconds - (performance.now() - started) / 1000;
    const pipeline = sharp(bytes, { limitInputPixels: LIMITS.pixels, failOn })
      .timeout({ seconds: Math.max(1, Math.ceil(left)) })
      .flatten({ background: '#fff' })
      .removeAlpha()
      .toColourspace('srgb');
    return await render(isSmaller ? pipeline.resize({ ...size, fit: 'fill' }) : pipeline);
  };
  let isDamaged = false;
  let picture: RawImage;
  try {
    picture = await decoded('error');
  } catch (error) {
    if (metadata.format !== 'jpeg' || !isCutShort(error)) throw error;
    picture = await decoded('none');
    if (rowsOf(picture) < MOST_OF_IT * picture.height) throw error;
    isDamaged = true;
  }
  // Turned only now: a picture that is turned is in memory as a whole, and now it is small.
  const turn = TURNS[metadata.orientation ?? 1];
  return { ...(turn ? await render(turn(open(picture))) : picture), isSmaller, isDamaged };
}

function isCutShort(error: unknown): boolean {
  return error instanceof Error && /premature end/i.test(error.message);
}

/** Rows down to the last that is not of one colour: libjpeg goes on with the last one it has read. */
function rowsOf({ data, width, height, channels }: RawImage): number {
  const stride = width * channels;
  for (let row = height; row > 0; row--) {
    for (let at = (row - 1) * stride + channels; at < row * stride; at++) {
      if (Math.abs((data[at] as number) - (data[at - channels] as number)) > FLAT) return row;
    }
  }
  return 0;
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
