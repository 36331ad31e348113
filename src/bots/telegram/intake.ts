/**
 * Takes updates in, from polling and from the webhook alike. `receive` returns fast, so that one person's download
 * never holds up another's message; updates of one chat keep their order. When far too much is open, `receive`
 * makes the poller wait: Telegram then keeps the rest.
 */
import type { Update } from 'grammy/types';
import type { Logger } from '../../logger.ts';
import { RecentIds } from '../../queue/recent-ids.ts';
import { describe } from './failures.ts';

export interface IntakeParts {
  readonly handle: (update: Update) => Promise<void>;
  readonly logger: Logger;
  /** Updates and photos in progress above which the poller waits. Default 2000. */
  readonly limit?: number;
}

export class Intake {
  readonly #parts: Required<IntakeParts>;
  /** Updates come again after a crash or a lost answer (research/telegram.md, section 5). */
  readonly #seen = new RecentIds(10_000);
  readonly #chats = new Map<number, Promise<void>>();
  readonly #open = new Set<Promise<void>>();

  constructor(parts: IntakeParts) {
    this.#parts = { limit: 2000, ...parts };
  }

  /**
   * Takes charge of an update: when this resolves, Telegram may forget it. (A durable inbox would write it down here,
   * before anything else.)
   */
  async receive(update: Update): Promise<void> {
    const id = String(update.update_id);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    while (this.isFull) await Promise.race(this.#open);
    this.background(this.#inOrder(update));
  }

  get isFull(): boolean {
    return this.#open.size >= this.#parts.limit;
  }

  /** Follows work that nobody waits for; its error is logged, and never breaks anything else. */
  readonly background = (work: Promise<unknown>): void => {
    const followed = work.then(
      () => {},
      (error: unknown) =>
        this.#parts.logger.error({ reason: describe(error) }, 'A Telegram update was not handled'),
    );
    this.#open.add(followed);
    void followed.then(() => this.#open.delete(followed));
  };

  /** Resolves when all that was received is done, or after `ms`. */
  async settle(ms: number): Promise<void> {
    const deadline = Date.now() + ms;
    while (this.#open.size > 0 && Date.now() < deadline) {
      await Promise.race([...this.#open, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
  }

  #inOrder(update: Update): Promise<void> {
    const chat = update.message?.chat.id ?? update.callback_query?.message?.chat.id ?? 0;
    const before = this.#chats.get(chat) ?? Promise.resolve();
    const work = before.catch(() => {}).then(() => this.#parts.handle(update));
    this.#chats.set(chat, work);
    return work.finally(() => {
      if (this.#chats.get(chat) === work) this.#chats.delete(chat);
    });
  }
}
