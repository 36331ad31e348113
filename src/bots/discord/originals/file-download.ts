/**
 * Fetches pictures, from Discord's own hosts only: people choose the links, so anything else would let them make this
 * service call addresses of its own network (SSRF).
 */
import { CDN } from 'discord.js';
import { DctoonError } from '../../../shared/errors.ts';
import { download } from '../../download.ts';
import type { DiscordApi } from '../api.ts';
import { errorKind, sanitized } from '../errors.ts';
import type { ImageInput } from '../types.ts';

const ORIGINS = [
  'https://cdn.discordapp.com',
  'https://media.discordapp.net',
  // Proxies of the pictures in embeds.
  'https://images-ext-1.discordapp.net',
  'https://images-ext-2.discordapp.net',
];
/** What the hosts keep pictures under. Keeps links away from anything else a configured host may serve. */
const PATHS =
  /^\/(attachments|ephemeral-attachments|avatars|embed|guilds|stickers|emojis|icons|banners|external)\//;
const MAX_BYTES = 20 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface FileDownloaderOptions {
  readonly api: DiscordApi;
  /** Root of the CDN. Default Discord's. */
  readonly cdnRoot?: string | undefined;
  readonly now?: () => number;
}

export class FileDownloader {
  readonly cdn: CDN;
  readonly #api: DiscordApi;
  readonly #now: () => number;
  readonly #origins: readonly string[];

  constructor({ api, cdnRoot, now = Date.now }: FileDownloaderOptions) {
    this.#api = api;
    this.#now = now;
    this.cdn = cdnRoot ? new CDN(cdnRoot, cdnRoot) : new CDN();
    this.#origins = cdnRoot ? [...ORIGINS, new URL(cdnRoot).origin] : ORIGINS;
  }

  /** Whether a link that somebody typed leads to a picture on Discord. */
  isAllowed(link: string): boolean {
    if (!URL.canParse(link)) return false;
    const url = new URL(link);
    return this.#origins.includes(url.origin) && PATHS.test(url.pathname) && !url.username && !url.password;
  }

  /** @throws DctoonError `download_failed` | `too_large` | `cancelled` */
  async fetch(image: ImageInput, signal: AbortSignal): Promise<Uint8Array> {
    if (!this.isAllowed(image.url)) throw new DctoonError('download_failed', 'not a link of Discord');
    const get = (url: string) =>
      download(url, { allowedHosts: this.#origins, maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, signal });
    if (this.#hasExpired(image.url)) return get(await this.#refresh(image.url));
    try {
      return await get(image.url);
    } catch (error) {
      const lost = error instanceof DctoonError && error.code === 'download_failed' && !signal.aborted;
      const fresh = lost && isAttachment(image.url) ? await this.#refresh(image.url) : image.url;
      if (fresh === image.url) throw error;
      return get(fresh);
    }
  }

  #hasExpired(link: string): boolean {
    if (!isAttachment(link)) return false;
    const expires = Number.parseInt(new URL(link).searchParams.get('ex') ?? '', 16) * 1000;
    return !(expires > this.#now());
  }

  /** The link with a new signature; the same link when there is none to be had. */
  async #refresh(link: string): Promise<string> {
    if (!this.#api.hasToken) return link;
    try {
      const fresh = await this.#api.refreshLink(link);
      return this.isAllowed(fresh) ? fresh : link;
    } catch (error) {
      if (errorKind(error) === 'retry') throw new DctoonError('download_failed', sanitized(error).message);
      return link;
    }
  }
}

function isAttachment(link: string): boolean {
  return /^\/(ephemeral-)?attachments\//.test(new URL(link).pathname);
}
