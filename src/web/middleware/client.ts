/** Who is asking: the client's address, as a user that says nothing about the address, and the languages it reads. */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { getCookie } from 'hono/cookie';
import { parseAccept } from 'hono/utils/accept';
import { type Locale, localeOf } from '../../texts/index.ts';
import type { WebContext } from '../types.ts';

/**
 * The address that counts as the client's.
 * @param peer address of the TCP connection
 * @param forwardedFor the `X-Forwarded-For` header; each proxy appends the address it saw, so only the last
 *   `trusted` entries are facts and everything before them is the client's own invention
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: number,
): string {
  const hops = [...(forwardedFor ?? '').split(',').map(withoutPort), peer ?? ''].filter(Boolean);
  return hops[Math.max(0, hops.length - 1 - trusted)] ?? 'unknown';
}

/** Some proxies write `1.2.3.4:5678`, `[2001:db8::1]:5678` or `[2001:db8::1]`. */
function withoutPort(hop: string): string {
  const text = hop.trim();
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
}

/**
 * An IPv6 customer owns a whole /64, many a /48 (RFC 6177): counting smaller networks would limit nobody. IPv4-mapped
 * addresses count as IPv4.
 */
function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return groups
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** Makes users from addresses. The salt lives as long as the process: neither journal nor logs can be turned back into addresses. */
export function createVisitorIds(salt: Uint8Array = randomBytes(16)): (address: string) => string {
  return (address) =>
    `web-${createHash('sha256').update(salt).update(network(address)).digest('hex').slice(0, 24)}`;
}

/** Says which visitor a request comes from. @param trustProxy proxies whose `X-Forwarded-For` counts */
export function createVisitors(trustProxy: number): (incoming: IncomingMessage) => string {
  const idOf = createVisitorIds();
  return ({ socket, headers }) => {
    const forwarded = headers['x-forwarded-for'];
    return idOf(clientAddress(socket.remoteAddress, String(forwarded ?? ''), trustProxy));
  };
}

/** `?lang=` (the switch on the page), else the cookie it leaves, else the browser's languages by preference, else English. */
export function negotiateLocale(context: WebContext): Locale {
  const wanted = [
    context.req.query('lang'),
    getCookie(context, 'lang'),
    ...parseAccept(context.req.header('accept-language') ?? '').map(({ type }) => type),
  ];
  for (const code of wanted) {
    const locale = localeOf(code);
    // `localeOf` answers English for what it does not know.
    if (locale !== 'en' || /^en\b/i.test(code ?? '')) return locale;
  }
  return 'en';
}
