/** How much memory a photo takes while it is decoded, judged from its header. */
import type { Metadata } from 'sharp';
import { DctoonError } from '../../shared/errors.ts';
import { LIMITS } from './limits.ts';

/**
 * Bytes per pixel that libvips and its codecs hold at the same time while they decode, beside the result. Measured as the
 * growth of a process's resident peak (VmHWM) with pictures of 49 megapixels, sharp 0.35:
 *
 * | format | per pixel |
 * |---|---|
 * | JPEG and PNG that come line by line | under 1 |
 * | JPEG in several scans | 2.1 per channel: all coefficients, 16 bits each |
 * | interlaced PNG | one per channel, two with 16 bits |
 * | WebP, GIF | 2 to 5: the whole frame, and the codec's own; animations keep their canvas as well |
 * | AVIF of 8 bits, of more | 15 to 18, 25: planes, their conversion, and the whole frame |
 */
function bytesPerPixel({
  format,
  isProgressive,
  channels,
  depth,
  bitsPerSample = 8,
  pages = 1,
}: Metadata): number {
  if (format === 'heif') return depth === 'uchar' && bitsPerSample <= 8 ? 19 : 26;
  if (format === 'webp' || format === 'gif') return pages > 1 ? 9 : 5;
  if (!isProgressive) return 1;
  if (format === 'jpeg') return 2.1 * channels;
  return channels * (depth === 'uchar' ? 1 : 2);
}

/**
 * @param decodeBytes most memory that decoding may take
 * @throws DctoonError `too_many_pixels`, with the megapixels that this kind of file may have
 */
export function checkDecodeCost(metadata: Metadata, decodeBytes: number): void {
  const { width, height, pageHeight = height, pages = 1 } = metadata;
  const most = Math.min(LIMITS.pixels, decodeBytes / bytesPerPixel(metadata));
  // All frames of an animation count, although only the first is drawn: the container's tables are read.
  if (width * pageHeight * pages > LIMITS.pixels || width * pageHeight > most) {
    throw tooManyPixels(`${width} x ${pageHeight} x ${pages} frames, ${metadata.format}`, most);
  }
}

/** @param most pixels that would have been accepted */
export function tooManyPixels(message: string, most: number = LIMITS.pixels, cause?: unknown): DctoonError {
  const details = { megapixels: Math.max(1, Math.floor(most / 1e6)) };
  return new DctoonError('too_many_pixels', message, { cause, details });
}
