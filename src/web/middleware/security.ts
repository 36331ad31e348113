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
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
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
 * Refuses what other websites make a visitor's browser send here (`Sec-Fetch-Site`; programs do not send it).
 * Reading is safe: without CORS headers no other site sees an answer.
 */
export const sameSiteOnly: MiddlewareHandler<WebEnv> = async (context, next) => {
  const site = context.req.header('sec-fetch-site');
  const reads = context.req.method === 'GET' || context.req.method === 'HEAD';
  if (!reads && (site === 'cross-site' || site === 'same-site')) throw new HttpProblem('cross_site');
  await next();
};

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
