/**
 * One answer, given once. Telegram knows no idempotency keys and no way to look up what was sent, so a picture is not
 * sent but put in the place of a small message that was sent, and noted, before: repeating an edit is harmless,
 * whatever died or was lost meanwhile. What can be doubled is the small message, by a kill or a lost connection
 * between its arrival and the note of it.
 *
 * Groups allow 20 messages and edits a minute, so in a busy one a picture is sent at once, as one message.
 */
import type { Api } from 'grammy';
import type { InlineKeyboardMarkup, Message } from 'grammy/types';
import { isStaleEdit, isTextKept } from '../errors.ts';
import type { Placed, TelegramReply } from '../types.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Extras, OutgoingPicture, Sender } from './sender.ts';

/** What people see for the moment of an upload; Telegram shows it large and alive. */
const PLACEHOLDER = '🎨';

export interface PlaceholderRepliesParts {
  readonly api: Api;
  readonly outbox: Sender;
  readonly pacing: RateLimiter;
}

/** Writes down which message becomes the answer; it is on the disk when this resolves. */
export type Begin = (message: Placed) => Promise<void>;

export class PlaceholderReplies {
  readonly #parts: PlaceholderRepliesParts;
  /** False on Bot API servers that cannot turn a text into a picture. */
  #canTurn = true;

  constructor(parts: PlaceholderRepliesParts) {
    this.#parts = parts;
  }

  /** @param reply its `answer` is the message that was begun before, if any */
  begin(reply: TelegramReply, begin: Begin): PlaceholderReply {
    const { outbox, pacing } = this.#parts;
    const start = async () => {
      if (!this.#canTurn || !pacing.isCalm(reply.chat)) return undefined;
      return placed(await outbox.text(reply, PLACEHOLDER));
    };
    const onKept = () => {
      this.#canTurn = false;
    };
    return new PlaceholderReply({ ...this.#parts, reply, begin, start, onKept });
  }
}

interface AnswerParts extends PlaceholderRepliesParts {
  readonly reply: TelegramReply;
  readonly begin: Begin;
  readonly start: () => Promise<Placed | undefined>;
  readonly onKept: () => void;
}

export class PlaceholderReply {
  readonly #parts: AnswerParts;
  #message: Placed | undefined;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
    this.#message = parts.reply.answer;
  }

  /** @returns the message with the picture; undefined when it had it already */
  async picture(picture: OutgoingPicture, extras: Extras): Promise<Message | undefined> {
    const { outbox, reply, start, onKept, api } = this.#parts;
    this.#message ??= await this.#note(await start());
    if (this.#message) {
      const { chat, message } = this.#message;
      try {
        const edited = await outbox.replace(chat, message, picture, reply.form, extras);
        return edited === true ? undefined : edited;
      } catch (error) {
        // It shows the picture already, or its owner has deleted it.
        if (isStaleEdit(error)) return undefined;
        if (!isTextKept(error)) throw error;
        onKept();
        await api.deleteMessage(chat, message).catch(() => {});
      }
    }
    return outbox.picture(reply, picture, reply.form, extras);
  }

  /** A sentence; in the place of what was begun, if there is anything. */
  async text(text: string, keyboard?: InlineKeyboardMarkup): Promise<void> {
    const { outbox, api, reply } = this.#parts;
    if (!this.#message) {
      this.#message = await this.#note(placed(await outbox.text(reply, text, keyboard)));
      return;
    }
    const { chat, message } = this.#message;
    const markup = keyboard ? { reply_markup: keyboard } : {};
    try {
      await api.editMessageText(chat, message, text, markup);
    } catch (error) {
      if (!isStaleEdit(error)) throw error;
    }
  }

  async #note(message: Placed | undefined): Promise<Placed | undefined> {
    if (message) await this.#parts.begin(message);
    return message;
  }
}

function placed(message: Message): Placed {
  return { chat: message.chat.id, message: message.message_id };
}
