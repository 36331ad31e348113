/** Photos in, upright sRGB pixels out, by the browser's decoders; the same refusals as on a server. */

import { containerOf, jpegSize } from '../../../inference/image/container.ts';
import { checkBytes, LIMITS, within } from '../../../inference/image/limits.ts';
import { type RawImage, resize, type Size } from '../../../inference/image/raw-image.ts';
import type { Profile } from '../../../inference/profile.ts';
import { DctoonError } from '../../../shared/errors.ts';

/** Rows that are read from a canvas at once: a picture of 12 megapixels is never twice in memory as RGBA. */
const STRIP = 256;
/** So much of a file is enough for its header, with EXIF and a thumbnail in it. */
const HEADER_BYTES = 256 * 1024;

/** A photo, upright. */
export interface DecodedPhoto extends RawImage {
  /** It was shrunk to what the limits allow. */
  readonly isSmaller: boolean;
}

/**
 * Decodes the first frame of a photo, turned upright by its EXIF orientation, converted to sRGB, alpha laid on white.
 * @throws DctoonError `unsupported_format` | `heic` | `too_large` | `too_many_pixels` | `broken_image`
 */
export async function decode(
  photo: Blob,
  limits: Pick<Profile, 'longestSide' | 'mostPixels'>,
): Promise<DecodedPhoto> {
  checkBytes(photo.size);
  const header = new Uint8Array(await photo.slice(0, HEADER_BYTES).arrayBuffer());
  const container = containerOf(header);
  if (container === undefined) throw new DctoonError('unsupported_format', 'no accepted signature');
  if (container === 'heic') throw new DctoonError('heic', 'HEVC-coded HEIF');
  checkPixels(container === 'png' ? pngSize(header) : jpegSize(header));
  const bitmap = await createImageBitmap(photo).catch((cause: unknown) => {
    throw new DctoonError('broken_image', String(cause), { cause });
  });
  try {
    checkPixels(bitmap);
    const picture = rgbOf(bitmap);
    const size = within(picture, limits);
    const isSmaller = size.width < picture.width || size.height < picture.height;
    return { ...(isSmaller ? await resize(picture, size) : picture), isSmaller };
  } finally {
    bitmap.close();
  }
}

/** One channel of a picture. @throws DctoonError `internal` where the file is none */
export async function decodeGrey(file: Uint8Array<ArrayBuffer>): Promise<RawImage> {
  const bitmap = await createImageBitmap(new Blob([file]));
  const { data, width, height } = rgbOf(bitmap);
  bitmap.close();
  return {
    data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i] as number),
    width,
    height,
    channels: 1,
  };
}

function checkPixels(size: Size | undefined): void {
  if (size === undefined || size.width * size.height <= LIMITS.pixels) return;
  const details = { megapixels: Math.floor(LIMITS.pixels / 1e6) };
  throw new DctoonError('too_many_pixels', `${size.width} x ${size.height}`, { details });
}

/** As the header chunk says it, the first in every PNG (PNG specification, 11.2.2). */
function pngSize(file: Uint8Array): Size | undefined {
  if (file.length < 24 || String.fromCharCode(...file.subarray(12, 16)) !== 'IHDR') return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

function rgbOf(bitmap: ImageBitmap): RawImage {
  const { width, height } = bitmap;
  const data = new Uint8Array(width * height * 3);
  const canvas = new OffscreenCanvas(width, Math.min(STRIP, height));
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) throw new DctoonError('internal', 'no canvas');
  for (let top = 0, to = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const rgba = context.getImageData(0, 0, width, rows).data;
    for (let from = 0; from < rgba.length; from += 4) {
      data[to++] = rgba[from] as number;
      data[to++] = rgba[from + 1] as number;
      data[to++] = rgba[from + 2] as number;
    }
  }
  return { data, width, height, channels: 3 };
}
