/** What the page and its HTTP API need from the rest of the program, and their limits. */
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import type { Config } from '../config/schema.ts';
import type { Thumbnails } from '../inference/models/thumbnails.ts';
import type { Style } from '../inference/types.ts';
import type { Logger } from '../observability/logger.ts';
import type { Queue } from '../queue/types.ts';
import type { Locale, Texts } from '../texts/index.ts';
import type { DeviceFiles } from './device/files.ts';
import type { BotLink } from './page/types.ts';

/** A route of another part of the program (webhooks, metrics), served beside the page but outside its limits. */
export interface ExtraRoute {
  readonly method: 'GET' | 'POST';
  /** Exact path, e.g. `/discord/interactions`. */
  readonly path: string;
  readonly handle: (request: Request) => Promise<Response>;
}

export interface WebLimits {
  /** Bytes of one photo. */
  readonly photoBytes: number;
  /** Bytes of a form beside the photo in it: boundaries, headers, the other fields. */
  readonly formSlackBytes: number;
  /** Bytes of request bodies that lie on the disk before they are the queue's, all clients together. */
  readonly bodyBudgetBytes: number;
  /** The same of one client. */
  readonly bodyBudgetBytesPerClient: number;
  /** Milliseconds without a byte after which a body is given up. */
  readonly bodyIdleMs: number;
  /** Milliseconds a body may take in all. */
  readonly bodyTotalMs: number;
  /** Bytes a second, over ten seconds, below which a body is given up. */
  readonly bodyLeastRate: number;
  /** Milliseconds for which the rest of a refused body is still taken, so that its sender gets to read why. */
  readonly lingerMs: number;
  /** Requests of any kind from one client per minute. */
  readonly requestsPerMinute: number;
  /** Open event streams, all clients together and of one client. */
  readonly streams: number;
  readonly streamsPerClient: number;
  /** Downloads of cartoons under way, all clients together and of one client. */
  readonly downloads: number;
  readonly downloadsPerClient: number;
  /** Milliseconds after which a reader that takes nothing of its download is cut off. */
  readonly downloadIdleMs: number;
  /** Finished cartoons kept for fetching: how many, and their bytes together; one client has a quarter at most. */
  readonly results: number;
  readonly resultBytes: number;
}

export const DEFAULT_LIMITS: WebLimits = {
  photoBytes: 20 * 1024 * 1024,
  formSlackBytes: 64 * 1024,
  bodyBudgetBytes: 256 * 1024 * 1024,
  bodyBudgetBytesPerClient: 64 * 1024 * 1024,
  bodyIdleMs: 15_000,
  bodyTotalMs: 180_000,
  bodyLeastRate: 1024,
  lingerMs: 10_000,
  requestsPerMinute: 600,
  streams: 1000,
  streamsPerClient: 20,
  downloads: 200,
  downloadsPerClient: 8,
  downloadIdleMs: 20_000,
  results: 1000,
  resultBytes: 256 * 1024 * 1024,
};

export interface WebOptions {
  /** What a browser needs to draw by itself; absent = the page does not offer it. */
  readonly device?: DeviceFiles | undefined;
  readonly config: Pick<
    Config,
    | 'WEB_HOST'
    | 'WEB_PORT'
    | 'WEB_API_KEY'
    | 'WEB_RATE_LIMIT'
    | 'TRUST_PROXY'
    | 'ALLOWED_HOSTS'
    | 'TELEGRAM_WEBHOOK_URL'
    | 'KEEP_MINUTES'
    | 'DEFAULT_STYLE'
  >;
  readonly queue: Queue;
  readonly styles: readonly Style[];
  /** Pictures of the styles. Default: none. */
  readonly thumbnails?: Thumbnails;
  readonly logger: Logger;
  /** `createTexts`. */
  readonly texts: (locale: Locale) => Texts;
  readonly extraRoutes?: readonly ExtraRoute[];
  /** Why the service cannot do its work at the moment, in plain words; empty = ready. Asked by `GET /readyz`. */
  readonly notReady?: () => readonly string[] | Promise<readonly string[]>;
  /** The service's bots, as far as they are on by now. */
  readonly botLinks?: () => readonly BotLink[];
  readonly limits?: Partial<WebLimits>;
  /** Where finished cartoons survive the process until they are fetched; without it they end with it, in a temporary folder. */
  readonly folder?: string;
}

export interface Web {
  readonly app: Hono<WebEnv>;
  /** Listens. Resolves when connections are accepted; rejects when the address cannot be had. */
  start(): Promise<{ readonly url: string }>;
  /**
   * Ends everything: no new connections, event streams closed, requests that still wait given two seconds.
   * Call it after `queue.drain`, which lets accepted uploads be answered first.
   */
  stop(): Promise<void>;
}

export interface WebEnv {
  Bindings: HttpBindings;
  Variables: {
    /** Who is asking, as a user of the queue: `web-<hash of the address>`. */
    user: string;
    texts: Texts;
    log: Logger;
  };
}

export type WebContext = Context<WebEnv>;
