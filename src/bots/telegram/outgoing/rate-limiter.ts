/**
 * Keeps the bot below Telegram's limits per chat, so that 429 stays the exception: about one message a second and
 * chat, 20 messages and edits a minute and group (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
 * Answers wait for their turn; status edits only go where there is room left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transformer } from 'grammy';

export interface RateLimiterOptions {
  /** Milliseconds between new messages in one chat. Default 1050. */
  readonly messageMs?: number;
  /** New messages and edits per window and group. Default 18 of the 20, for clocks that differ. */
  readonly perGroup?: number;
  /** Default 61 000 ms. */
  readonly groupWindowMs?: number;
}

interface ChatBudget {
  /** When something was or will be sent, ascending; may lie in the future. Messages and edits. */
  times: number[];
  lastMessage: number;
  /** When the last message really went out. */
  sentAt: number;
  lastStatus: number;
  /** Telegram asked for silence until then (`retry_after`). */
  blockedUntil: number;
}

const MESSAGE = /^(send(?!ChatAction)|copy|forward)/;
const EDIT = /^editMessage/;

export class RateLimiter {
  readonly #options: Required<RateLimiterOptions>;
  readonly #chats = new Map<number, ChatBudget>();

  constructor(options: RateLimiterOptions = {}) {
    this.#options = { messageMs: 1050, perGroup: 18, groupWindowMs: 61_000, ...options };
  }

  /** Everything the bot sends passes here; whoever is too early waits. */
  readonly transformer: Transformer = async (prev, method, payload, signal) => {
    const chat = (payload as { chat_id?: unknown }).chat_id;
    const counted = typeof chat === 'number' && (MESSAGE.test(method) || EDIT.test(method));
    if (counted) await this.#turn(chat, MESSAGE.test(method));
    const result = await prev(method, payload, signal);
    if (!result.ok && typeof chat === 'number' && result.parameters?.retry_after !== undefined)
      this.#budgetOf(chat).blockedUntil = Date.now() + result.parameters.retry_after * 1000;
    return result;
  };

  async #turn(chat: number, isMessage: boolean): Promise<void> {
    const wait = this.reserve(chat, isMessage) - Date.now();
    if (wait > 0) await sleep(wait);
    if (!isMessage) return;
    const budget = this.#budgetOf(chat);
    // After a stall of the process several moments are over at once; the distance counts from what was really sent.
    for (;;) {
      const early = budget.sentAt + this.#options.messageMs - Date.now();
      if (early <= 0) break;
      await sleep(early);
    }
    budget.sentAt = Date.now();
  }

  /** Takes the next free moment of a chat and returns it (epoch ms). */
  reserve(chat: number, isMessage: boolean, now = Date.now()): number {
    const budget = this.#budgetOf(chat);
    const at = this.#next(chat, budget, isMessage, now);
    budget.times = budget.times.filter((time) => time > now - this.#options.groupWindowMs);
    budget.times.push(at);
    budget.times.sort((a, b) => a - b);
    if (isMessage) budget.lastMessage = at;
    this.#forget(now);
    return at;
  }

  /** Milliseconds that a message to this chat would have to wait now. */
  lag(chat: number, now = Date.now()): number {
    return this.#next(chat, this.#budgetOf(chat), true, now) - now;
  }

  #next(chat: number, budget: ChatBudget, isMessage: boolean, now: number): number {
    const { messageMs, perGroup, groupWindowMs } = this.#options;
    const spaced = isMessage ? budget.lastMessage + messageMs : 0;
    const full = chat < 0 ? budget.times.at(-perGroup) : undefined;
    return Math.max(now, budget.blockedUntil, spaced, full === undefined ? 0 : full + groupWindowMs);
  }

  /** Whether a chat has room for more than what must be said: private chats always, groups in a quiet minute. */
  isCalm(chat: number, now = Date.now()): boolean {
    return chat >= 0 || this.#recent(this.#budgetOf(chat), now) < this.#options.perGroup / 2;
  }

  /**
   * Whether a status message may be sent or edited now. In groups it may use half of the minute's budget only: the
   * other half belongs to the answers.
   */
  allowsStatus(chat: number, now = Date.now()): boolean {
    const { messageMs } = this.#options;
    const budget = this.#budgetOf(chat);
    if (now < budget.blockedUntil || now < budget.lastMessage + messageMs) return false;
    if (now < budget.lastStatus + messageMs) return false;
    if (!this.isCalm(chat, now)) return false;
    budget.lastStatus = now;
    return true;
  }

  /** Messages and edits in the present window. */
  #recent(budget: ChatBudget, now: number): number {
    return budget.times.filter((time) => time > now - this.#options.groupWindowMs).length;
  }

  #budgetOf(chat: number): ChatBudget {
    let budget = this.#chats.get(chat);
    if (!budget) {
      budget = { times: [], lastMessage: 0, sentAt: 0, lastStatus: 0, blockedUntil: 0 };
      this.#chats.set(chat, budget);
    }
    return budget;
  }

  /** Chats that have been quiet for a window need no memory. */
  #forget(now: number): void {
    if (this.#chats.size < 1000) return;
    for (const [chat, budget] of this.#chats) {
      const last = Math.max(budget.times.at(-1) ?? 0, budget.blockedUntil, budget.lastStatus);
      if (last < now - this.#options.groupWindowMs) this.#chats.delete(chat);
    }
  }
}
