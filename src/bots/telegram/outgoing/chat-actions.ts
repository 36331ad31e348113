/**
 * What shows that a photo is being worked on and costs no message: the chat action ("sending a photo...") repeated
 * meanwhile, and a reaction on the photo. Decoration: nothing is retried, and any error is swallowed.
 */
import { type Api, GrammyError } from 'grammy';
import { LRUCache } from 'lru-cache';
import type { TelegramReply } from '../types.ts';

/** A chat action lasts 5 s at most (core.telegram.org/bots/api#sendchataction). */
const REPEAT_MS = 4500;
/** Nobody watches "sending a photo..." for longer. */
const LONGEST_MS = 5 * 60_000;
/** A photo that is answered sooner gets no reaction: people are notified of each. */
const REACT_AFTER_MS = 1500;
/** Chats without our reaction that are remembered. */
const MAX_CHATS = 10_000;
/** Chat actions per round, so that a long queue does not use up the bot's share of requests. */
const PER_ROUND = 25;

interface Shown {
  readonly reply: TelegramReply;
  readonly since: number;
  readonly react: NodeJS.Timeout;
}

export class ChatActions {
  readonly #api: Api;
  readonly #shown = new Map<string, Shown>();
  /** Chats whose rules do not allow our reaction. */
  readonly #noReactions = new LRUCache<number, true>({ max: MAX_CHATS });
  /** Messages and albums that have our reaction now. */
  readonly #reacted = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #pausedUntil = 0;
  #offset = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  /** A photo is being taken care of. Repeating it changes nothing. */
  begin(job: string, reply: TelegramReply): void {
    if (this.#shown.has(job)) return;
    const isFirst = ![...this.#shown.values()].some((other) => targetOf(other.reply) === targetOf(reply));
    const react = setTimeout(() => this.#reactOnce(reply), REACT_AFTER_MS).unref();
    this.#shown.set(job, { reply, since: Date.now(), react });
    if (isFirst) this.#act(reply);
    this.#timer ??= setInterval(() => this.#round(), REPEAT_MS).unref();
  }

  end(job: string): void {
    const shown = this.#shown.get(job);
    if (!shown) return;
    this.#shown.delete(job);
    clearTimeout(shown.react);
    const { reply } = shown;
    const key = reactionKey(reply);
    const rest = [...this.#shown.values()].some((other) => reactionKey(other.reply) === key);
    if (!rest && this.#reacted.delete(key)) this.#react(reply, undefined);
    if (this.#shown.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #round(): void {
    const targets = new Map<string, TelegramReply>();
    for (const { reply, since } of this.#shown.values()) {
      if (Date.now() - since < LONGEST_MS) targets.set(targetOf(reply), reply);
    }
    const all = [...targets.values()];
    // Everybody gets a turn when there are more chats than a round may serve.
    const start = all.length > PER_ROUND ? this.#offset % all.length : 0;
    this.#offset = start + PER_ROUND;
    for (const reply of [...all.slice(start), ...all.slice(0, start)].slice(0, PER_ROUND)) this.#act(reply);
  }

  #act(reply: TelegramReply): void {
    const thread = reply.thread === undefined ? {} : { message_thread_id: reply.thread };
    const action = reply.form === 'photo' ? 'upload_photo' : 'upload_document';
    this.#try(() => this.#api.sendChatAction(reply.chat, action, thread));
  }

  #react(reply: TelegramReply, emoji: '👀' | undefined): void {
    if (this.#noReactions.has(reply.chat)) return;
    this.#try(
      () => this.#api.setMessageReaction(reply.chat, reply.message, emoji ? [{ type: 'emoji', emoji }] : []),
      (description) => {
        if (/REACTION|not enough rights/i.test(description)) this.#noReactions.set(reply.chat, true);
      },
    );
  }

  /** Reactions on an album go to its first message, whichever part is named: one is enough. */
  #reactOnce(reply: TelegramReply): void {
    const key = reactionKey(reply);
    if (reply.replace || this.#reacted.has(key)) return;
    this.#reacted.add(key);
    this.#react(reply, '👀');
  }

  #try(call: () => Promise<unknown>, refused?: (description: string) => void): void {
    if (Date.now() < this.#pausedUntil) return;
    call().catch((error: unknown) => {
      if (!(error instanceof GrammyError)) return;
      const wait = error.parameters.retry_after;
      if (wait !== undefined) this.#pausedUntil = Date.now() + wait * 1000;
      else refused?.(error.description);
    });
  }
}

const targetOf = (reply: TelegramReply) => `${reply.chat}/${reply.thread}/${reply.form}`;
const reactionKey = (reply: TelegramReply) => `${reply.chat}/${reply.album ?? reply.message}`;
