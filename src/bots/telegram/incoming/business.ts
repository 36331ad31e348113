/** Business accounts that have let the bot into their chats, and whether it may answer there (core.telegram.org/bots/api#businessconnection). */
import type { Api } from 'grammy';
import type { BusinessConnection } from 'grammy/types';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../../observability/logger.ts';
import { describe } from '../errors.ts';

/** Changes are told by updates; what was missed meanwhile is asked for again after this time. */
const KEEP_MS = 10 * 60_000;
const KEEP = 1000;

export class BusinessConnections {
  readonly #api: Api;
  readonly #logger: Logger;
  readonly #known = new LRUCache<string, { readonly may: boolean }>({ max: KEEP, ttl: KEEP_MS });

  constructor(api: Api, logger: Logger) {
    this.#api = api;
    this.#logger = logger;
  }

  changed(connection: BusinessConnection): void {
    this.#known.set(connection.id, { may: mayReply(connection) });
  }

  /** False as well where Telegram does not say. */
  async mayAnswer(id: string): Promise<boolean> {
    const known = this.#known.get(id);
    if (known) return known.may;
    try {
      this.changed(await this.#api.getBusinessConnection(id));
    } catch (error) {
      this.#logger.info({ reason: describe(error) }, 'A business connection is not known');
      return false;
    }
    return this.#known.get(id)?.may ?? false;
  }
}

function mayReply({ is_enabled, rights }: BusinessConnection): boolean {
  return is_enabled && rights?.can_reply === true;
}
