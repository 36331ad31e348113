/** Secrets that strangers send: where they are in a request, and the one comparison. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Constant time: equal lengths by hashing, then a comparison that does not stop early. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** The token of `Authorization: Bearer TOKEN` (RFC 6750), if there is one. */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}
