/** Ids of the page's jobs. They cannot be guessed: whoever knows one may see the cartoon, as with a private link. */
import { randomUUID } from 'node:crypto';

const PATTERN = /^web-[0-9a-f-]{36}$/;

/** The one rule for ids from outside, before they name a job or a file. */
export function isWebJobId(id: string): boolean {
  return PATTERN.test(id);
}

export function newWebJobId(): string {
  return `web-${randomUUID()}`;
}

/** @param hex at least 32 hexadecimal digits */
export function webJobIdOf(hex: string): string {
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return `web-${parts.join('-')}`;
}
