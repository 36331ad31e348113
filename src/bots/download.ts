/**
 * Downloads a photo from a platform's file server. The URL may come from a user (Discord's `link:` option) and may
 * hold a secret (Telegram's file URLs hold the bot token), so: only allow-listed origins, no redirects, a byte cap
 * while streaming, a time limit, and no URL in any error.
 */
import { DctoonError } from '../shared/errors.ts';
import { retry } from '../shared/retry.ts';

export interface DownloadOptions {
  /**
   * Where downloads may go: origins such as `http://127.0.0.1:8081`, or host names such as `cdn.discordapp.com`,
   * which stand for https on the default port. Exact matches only.
   */
  readonly allowedHosts: readonly string[];
  readonly maxBytes: number;
  /** For the whole download, its second attempt included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Only a broken connection is tried again, never an HTTP answer. */
const ATTEMPTS = 2;

/**
 * @returns all bytes of the body
 * @throws DctoonError `download_failed` | `too_large` (details: `megabytes`) | `cancelled` (when `signal` aborts)
 */
export async function download(url: string | URL, options: DownloadOptions): Promise<Uint8Array> {
  const target = allowed(url, options.allowedHosts);
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    return await retry(() => get(target, options, timeout), {
      attempts: ATTEMPTS,
      backoffMs: () => 0,
      isTransient: (error) => !(error instanceof DctoonError) && !timeout.aborted && !options.signal?.aborted,
    });
  } catch (error) {
    if (options.signal?.aborted) throw new DctoonError('cancelled', 'download cancelled');
    if (error instanceof DctoonError) throw error;
    // Not the error itself as the cause: a library may print the URL in it.
    throw failed(target, timeout.aborted ? `took over ${options.timeoutMs} ms` : reason(error));
  }
}

async function get(url: URL, options: DownloadOptions, timeout: AbortSignal): Promise<Uint8Array> {
  const { maxBytes, fetch = globalThis.fetch } = options;
  // Ends the connection in every case in which the body is not read to its end.
  const end = new AbortController();
  const signals = [timeout, end.signal, ...(options.signal ? [options.signal] : [])];
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.any(signals) });
    if (response.status !== 200) throw failed(url, `answered ${response.status || 'a redirect'}`);
    const announced = Number(response.headers.get('content-length') ?? 0);
    if (announced > maxBytes) throw tooLarge(maxBytes);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
    if (bytes === 0) throw failed(url, 'sent nothing');
    return Buffer.concat(chunks, bytes);
  } finally {
    end.abort();
  }
}

function allowed(url: string | URL, hosts: readonly string[]): URL {
  const target = URL.canParse(String(url)) ? new URL(url) : undefined;
  const matches = hosts.some((host) => {
    const origin = host.includes('://') ? host : `https://${host}`;
    return URL.canParse(origin) && new URL(origin).origin === target?.origin;
  });
  const http = target?.protocol === 'https:' || target?.protocol === 'http:';
  if (!target || !http || !matches || target.username || target.password) {
    throw new DctoonError('download_failed', `downloads from ${target?.host || 'there'} are not allowed`);
  }
  return target;
}

function failed(url: URL, what: string): DctoonError {
  return new DctoonError('download_failed', `${url.host} ${what}`);
}

function tooLarge(maxBytes: number): DctoonError {
  const megabytes = Math.floor(maxBytes / 1024 ** 2);
  return new DctoonError('too_large', `more than ${maxBytes} bytes`, { details: { megabytes } });
}

/** A network error in one word, e.g. `ECONNRESET`. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause && 'code' in cause ? String(cause.code) : undefined;
  return `could not be read (${code ?? (error instanceof Error ? error.name : 'unknown')})`;
}
