/** Response headers, the optional API key, and who may send photos here at all. */
import type { MiddlewareHandler } from 'hono';
import { bearerToken, sameSecret } from '../../shared/secrets.ts';
import type { WebEnv } from '../types.ts';
import { HttpProblem } from './problems.ts';

/** What the page needs and nothing else: its own files, the user's own pictures (`blob:`), requests to itself. */
export const PAGE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // What draws on the device is a worker, and a worker's address is a script's (assets/device.js).
  'trusted-types dctoon-device',
].join('; ');

/** `PAGE_CSP` for a page that says it itself, where browsers know no `frame-ancestors`. */
export const ALONE_CSP = PAGE_CSP.replace("frame-ancestors 'none'; ", '');

/** For the worker that draws on the visitor's device: compiles WebAssembly, fetches networks from here, and nothing else. */
export const WORKER_CSP = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
].join('; ');

/** For everything that is not a page: even if a browser took it for one, nothing in it would run. */
const DATA_CSP = "default-src 'none'; frame-ancestors 'none'; sandbox";

/**
 * Sets the security headers of every answer; a route may set its own policy first.
 * HSTS is left to whoever terminates TLS.
 */
export const securityHeaders: MiddlewareHandler<WebEnv> = async (context, next) => {
  await next();
  const { headers } = context.res;
  if (!headers.has('Content-Security-Policy')) headers.set('Content-Security-Policy', DATA_CSP);
  headers.set('X-Content-Type-Options', 'nosniff');
  headers.set('Referrer-Policy', 'no-referrer');
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  headers.set('X-Frame-Options', 'DENY');
  headers.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
};

/**
 * Refuses what other websites make a visitor's browser send here. Browsers say so in `Sec-Fetch-Site`, but only over
 * https and to localhost; over plain http there is `Origin`, which must name this host. Programs send neither.
 * Reading is safe: without CORS headers no other site sees an answer.
 */
export const sameSiteOnly: MiddlewareHandler<WebEnv> = async (context, next) => {
  const { method } = context.req;
  const site = context.req.header('sec-fetch-site');
  const origin = context.req.header('origin');
  const isForeign =
    site === undefined
      ? origin !== undefined && hostOf(origin) !== context.req.header('host')?.toLowerCase()
      : site === 'cross-site' || site === 'same-site';
  if (method !== 'GET' && method !== 'HEAD' && isForeign) throw new HttpProblem('cross_site');
  await next();
};

/** Host and port of an origin; undefined for `null` and rubbish. */
function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/**
 * Answers under known host names only, so that a name of a stranger's that resolves to this machine (DNS rebinding) does
 * not let his pages read what this service shows: `hosts`, without ports. An empty list: any name, but whoever connects
 * from this machine itself without a proxy in between must call it localhost or by an address.
 */
export function knownHosts(hosts: readonly string[]): MiddlewareHandler<WebEnv> {
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    const name = host.replace(/:\d+$/, '').toLowerCase();
    const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(name);
    const peer = context.env?.incoming?.socket.remoteAddress ?? '';
    const isDirect =
      /^(::ffff:)?127\.|^::1$/.test(peer) && context.req.header('x-forwarded-for') === undefined;
    const isKnown = hosts.length > 0 ? hosts.includes(name) || (isLocal && isDirect) : !isDirect || isLocal;
    if (!isKnown && host !== '') throw new HttpProblem('wrong_host');
    await next();
  };
}

/** Asks for the key (`Authorization: Bearer KEY` or `X-API-Key: KEY`), compared in constant time. Without a key: open. */
export function apiKey(key: string | undefined): MiddlewareHandler<WebEnv> {
  return async (context, next) => {
    const { headers } = context.req.raw;
    const given = bearerToken(headers) ?? headers.get('x-api-key') ?? '';
    if (key !== undefined && !sameSecret(given, key)) {
      throw new HttpProblem('key_needed', { 'WWW-Authenticate': 'Bearer realm="dctoon"' });
    }
    await next();
  };
}
