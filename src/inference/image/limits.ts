/** What is accepted. Apart from `decode.ts`, so that the parent needs no libvips. */
import { DctoonError } from '../../shared/errors.ts';

export const LIMITS = {
  /** 20 MB: what Telegram lets a bot fetch. */
  bytes: 20 * 1024 * 1024,
  /** Width x height x frames, judged from the header before anything is decoded. */
  pixels: 50e6,
  /** Longest time libvips may decode; a bomb that passed the header is stopped here. */
  seconds: 10,
} as const;

/** @throws DctoonError `too_large` */
export function checkBytes(photo: Uint8Array): void {
  if (photo.length <= LIMITS.bytes) return;
  const details = { megabytes: LIMITS.bytes / 2 ** 20 };
  throw new DctoonError('too_large', `${photo.length} bytes`, { details });
}
