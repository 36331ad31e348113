/** What is accepted. Apart from `decode.ts`, so that the parent needs no libvips. */
import { DctoonError } from '../../shared/errors.ts';
import type { Profile } from '../profile.ts';
import type { Size } from './raw-image.ts';

export const LIMITS = {
  /** 20 MB: what Telegram lets a bot fetch. */
  bytes: 20 * 1024 * 1024,
  /** Width x height x frames, judged from the header before anything is decoded. See `decode-cost.ts` for what costs more. */
  pixels: 50e6,
  /** Longest time libvips may decode, header and pixels; it looks at its clock between rows of pixels. */
  seconds: 10,
  /**
   * Longest time from the first byte to the decoded picture, whatever a codec does meanwhile: then its process is ended.
   * In milliseconds; longer than `seconds`, which needs no new process.
   */
  decodeMs: 15_000,
} as const;

/** @param bytes length of a file @throws DctoonError `too_large` */
export function checkBytes(bytes: number): void {
  if (bytes <= LIMITS.bytes) return;
  const details = { megabytes: LIMITS.bytes / 2 ** 20 };
  throw new DctoonError('too_large', `${bytes} bytes`, { details });
}

/** The largest size of the same proportions within the limits. */
export function within(
  { width, height }: Size,
  { longestSide, mostPixels }: Pick<Profile, 'longestSide' | 'mostPixels'>,
): Size {
  const scale = Math.min(1, longestSide / Math.max(width, height), Math.sqrt(mostPixels / (width * height)));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
