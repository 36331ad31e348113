/** The update queue: long polling with offset confirmation and 409, or delivery to a webhook with its secret. */
import type { Update } from 'grammy/types';
import { conflict } from './errors.ts';

/** Not delivered unless asked for by name (core.telegram.org/bots/api#getupdates). */
const NOT_BY_DEFAULT = ['chat_member', 'message_reaction', 'message_reaction_count'];

interface Webhook {
  readonly url: string;
  readonly secret: string | undefined;
}

interface Poller {
  finish(): void;
  fail(error: Error): void;
}

export class Updates {
  /** Every delivery attempt to the webhook: update id and status (0 = not reached). */
  readonly deliveries: { updateId: number; status: number }[] = [];
  /** First delay before a failed webhook delivery is tried again; doubles. */
  retryMs = 100;
  #nextId = 700_000_000;
  #pending: Update[] = [];
  #allowed: readonly string[] = [];
  #poller: Poller | undefined;
  #webhook: Webhook | undefined;
  #delivering = false;
  #closed = false;

  /** Queues an update, unless the bot does not listen to its kind. Returns its id. */
  add(update: Omit<Update, 'update_id'>): number {
    const id = this.#nextId++;
    const kind = Object.keys(update)[0] ?? '';
    const wanted = this.#allowed.length > 0 ? this.#allowed.includes(kind) : !NOT_BY_DEFAULT.includes(kind);
    if (!wanted) return id;
    this.#pending.push({ update_id: id, ...update } as Update);
    this.#poller?.finish();
    void this.#deliver();
    return id;
  }

  /** Delivers an update with an id of the past once more, as Telegram does after a lost answer. */
  repeat(update: Update): void {
    this.#pending.push(update);
    this.#poller?.finish();
    void this.#deliver();
  }

  /** Updates that the bot has not confirmed. */
  get unconfirmed(): readonly Update[] {
    return this.#pending;
  }

  /** Id of the update that was added last. */
  get lastId(): number {
    return this.#nextId - 1;
  }

  get polling(): boolean {
    return this.#poller !== undefined;
  }

  get webhook(): Webhook | undefined {
    return this.#webhook;
  }

  async poll(
    request: { offset?: number; limit?: number; timeout?: number; allowed_updates?: string[] },
    gone: AbortSignal,
  ): Promise<Update[]> {
    if (this.#webhook)
      throw conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    // The newcomer wins; the one that was waiting is told.
    this.#poller?.fail(
      conflict('terminated by other getUpdates request; make sure that only one bot instance is running'),
    );
    const { offset = 0, limit = 100, timeout = 0 } = request;
    if (request.allowed_updates) this.#allowed = request.allowed_updates;
    this.#pending = this.#pending.filter((update) => update.update_id >= offset);
    const batch = () => this.#pending.filter((update) => update.update_id >= offset).slice(0, limit);
    if (batch().length === 0 && timeout > 0) await this.#wait(Math.min(timeout, 50) * 1000, gone);
    return batch();
  }

  async #wait(ms: number, gone: AbortSignal): Promise<void> {
    let poller: Poller | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        const done = (error?: Error) => {
          clearTimeout(timer);
          if (error) reject(error);
          else resolve();
        };
        poller = { finish: () => done(), fail: done };
        this.#poller = poller;
        gone.addEventListener('abort', () => done());
      });
    } finally {
      if (this.#poller === poller) this.#poller = undefined;
    }
  }

  setWebhook(webhook: Webhook | undefined, allowed?: readonly string[]): void {
    this.#webhook = webhook;
    if (allowed) this.#allowed = allowed;
    if (webhook) this.#poller?.fail(conflict('terminated by setWebhook request'));
    void this.#deliver();
  }

  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    let delay = this.retryMs;
    while (this.#webhook && !this.#closed) {
      const update = this.#pending[0];
      if (!update) break;
      const status = await post(this.#webhook, update);
      this.deliveries.push({ updateId: update.update_id, status });
      if (status >= 200 && status < 300) {
        this.#pending = this.#pending.filter((other) => other !== update);
        delay = this.retryMs;
        continue;
      }
      await new Promise((resolve) => setTimeout(resolve, delay));
      delay = Math.min(delay * 2, 2000);
    }
    this.#delivering = false;
  }

  close(): void {
    this.#closed = true;
    this.#poller?.finish();
  }
}

async function post(webhook: Webhook, update: Update): Promise<number> {
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(webhook.secret ? { 'x-telegram-bot-api-secret-token': webhook.secret } : {}),
      },
      body: JSON.stringify(update),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
