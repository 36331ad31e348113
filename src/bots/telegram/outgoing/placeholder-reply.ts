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
import type { SentMessage, TelegramReply } from '../types.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Extras, OutgoingPicture, Sender } from './sender.ts';

/** What people see for the moment of an upload; Telegram shows it large and alive. */
const PLACEHOLDER = '🎨';

export interface PlaceholderRepliesParts {
  readonly api: Api;
  readonly sender: Sender;
  readonly rateLimiter: RateLimiter;
}

/** Writes down which message becomes the answer; it is on the disk when this resolves. */
export type NoteAnswer = (message: SentMessage) => Promise<void>;

export class PlaceholderReplies {
  readonly #parts: PlaceholderRepliesParts;
  /** False on Bot API servers that cannot turn a text into a picture. */
  #canReplaceText = true;

  constructor(parts: PlaceholderRepliesParts) {
    this.#parts = parts;
  }

  /** @param reply its `answer` is the message that was sent and noted before, if any */
  replyTo(reply: TelegramReply, note: NoteAnswer): PlaceholderReply {
    const { sender, rateLimiter } = this.#parts;
    const sendPlaceholder = async () => {
      if (reply.onBehalf || !this.#canReplaceText || !rateLimiter.isCalm(reply.chat)) return undefined;
      return idsOf(await sender.text(reply, PLACEHOLDER));
    };
    const onTextKept = () => {
      this.#canReplaceText = false;
    };
    return new PlaceholderReply({ ...this.#parts, reply, note, sendPlaceholder, onTextKept });
  }
}

interface PlaceholderReplyParts extends PlaceholderRepliesParts {
  readonly reply: TelegramReply;
  readonly note: NoteAnswer;
  /** Undefined when the answer is to be sent without one. */
  readonly sendPlaceholder: () => Promise<SentMessage | undefined>;
  /** This Bot API server cannot turn a text into a picture. */
  readonly onTextKept: () => void;
}

export class PlaceholderReply {
  readonly #parts: PlaceholderReplyParts;
  #message: SentMessage | undefined;

  constructor(parts: PlaceholderReplyParts) {
    this.#parts = parts;
    this.#message = parts.reply.answer;
  }

  /** @returns the message with the picture; undefined when it had it already */
  async picture(picture: OutgoingPicture, extras: Extras): Promise<Message | undefined> {
    const { sender, reply, sendPlaceholder, onTextKept, api } = this.#parts;
    this.#message ??= await this.#note(await sendPlaceholder());
    if (this.#message) {
      const { chat, message } = this.#message;
      try {
        const edited = await sender.replace(chat, message, picture, reply.form, extras);
        return edited === true ? undefined : edited;
      } catch (error) {
        // It shows the picture already, or its owner has deleted it.
        if (isStaleEdit(error)) return undefined;
        if (!isTextKept(error)) throw error;
        onTextKept();
        await api.deleteMessage(chat, message).catch(() => {});
      }
    }
    return sender.picture(reply, picture, reply.form, extras);
  }

  /** A sentence; in the place of the placeholder, if there is one. */
  async text(text: string, keyboard?: InlineKeyboardMarkup): Promise<void> {
    const { sender, api, reply } = this.#parts;
    if (!this.#message) {
      this.#message = await this.#note(idsOf(await sender.text(reply, text, keyboard)));
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

  async #note(message: SentMessage | undefined): Promise<SentMessage | undefined> {
    if (message) await this.#parts.note(message);
    return message;
  }
}

function idsOf(message: Message): SentMessage {
  return { chat: message.chat.id, message: message.message_id };
}
