/**
 * The status messages: one per photo, one for all parts of an album. They are sent once, edited at most every 3 s
 * and only where the chat's budget allows, and removed when the last answer is there.
 */
import type { Api } from 'grammy';
import type { InlineKeyboardMarkup } from 'grammy/types';
import type { Job } from '../../../queue/types.ts';
import { RecentIds } from '../../../shared/recent-ids.ts';
import { Serial } from '../../../shared/serial.ts';
import type { Texts } from '../../../texts/index.ts';
import { statusLine } from '../../conversation/status-text.ts';
import type { Status } from '../../conversation/types.ts';
import { isMessageGone } from '../errors.ts';
import type { TelegramReply } from '../types.ts';
import { cancelButton } from './keyboards.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Sender } from './sender.ts';

const EDIT_MS = 3000;

interface StatusMessage {
  /** Jobs that are not answered yet. */
  readonly open: Set<string>;
  /** Parts that are answered. */
  done: number;
  /** Once it was sent. */
  id: number | undefined;
  text: string | undefined;
  editedAt: number;
  /** The user deleted the message: do not come back. */
  dismissed: boolean;
  /** Changes happen one after the other, so that two parts never create two messages. */
  readonly changes: Serial;
}

export interface StatusMessagesParts {
  readonly api: Api;
  readonly sender: Sender;
  readonly rateLimiter: RateLimiter;
}

export class StatusMessages {
  readonly #parts: StatusMessagesParts;
  /** By job, or by album. */
  readonly #messages = new Map<string, StatusMessage>();
  /** A status that arrives after its answer must not come back to life. */
  readonly #over = new RecentIds(5000);

  constructor(parts: StatusMessagesParts) {
    this.#parts = parts;
  }

  /** Announces a photo, so that an album knows how many parts it has. */
  join(job: string, reply: TelegramReply): void {
    this.#messageOf(job, reply).open.add(job);
  }

  /** Shows or updates the status; returns the id of its message once there is one. */
  async show(job: Job, reply: TelegramReply, status: Status, texts: Texts): Promise<number | undefined> {
    if (this.#over.has(job.id)) return reply.status;
    const message = this.#messageOf(job.id, reply);
    message.open.add(job.id);
    message.id ??= reply.status;
    await message.changes.run(async () => {
      // It may have been answered while this waited.
      if (!message.open.has(job.id) || message.dismissed) return;
      const album = message.open.size + message.done > 1 ? albumText(message, texts) : undefined;
      const waiting = message.done === 0 && status.kind !== 'processing';
      await this.#write(
        message,
        job,
        reply,
        waiting ? statusLine(status, texts) : (album ?? statusLine(status, texts)),
        texts,
      );
    });
    return message.id;
  }

  /** The photo is over: removes the message, or counts on in an album. */
  async leave(job: string, reply: TelegramReply, texts: Texts): Promise<void> {
    const key = keyOf(job, reply);
    const message = this.#messageOf(job, reply);
    this.#over.add(job);
    message.id ??= reply.status;
    await message.changes.run(async () => {
      message.open.delete(job);
      message.done++;
      if (message.open.size > 0) {
        if (message.id !== undefined && this.#mayEdit(message, reply))
          await this.#edit(message, reply, albumText(message, texts), cancelButton(job, reply, texts));
        return;
      }
      this.#messages.delete(key);
      if (message.id !== undefined && !reply.replace)
        await this.#parts.api.deleteMessage(reply.chat, message.id).catch(() => {});
    });
  }

  /** Live photos of an album, for its cancel button. */
  partsOf(chat: number, album: string): readonly string[] {
    return [...(this.#messages.get(albumKey(chat, album))?.open ?? [])];
  }

  async #write(
    message: StatusMessage,
    job: Job,
    reply: TelegramReply,
    text: string,
    texts: Texts,
  ): Promise<void> {
    const keyboard = cancelButton(job.id, reply, texts);
    if (message.id === undefined && !reply.replace) {
      if (!this.#parts.rateLimiter.allowsStatus(reply.chat)) return;
      const sent = await this.#parts.sender.text(reply, text, keyboard);
      Object.assign(message, { id: sent.message_id, text, editedAt: Date.now() });
      return;
    }
    if (text !== message.text && this.#mayEdit(message, reply))
      await this.#edit(message, reply, text, keyboard);
  }

  #mayEdit(message: StatusMessage, reply: TelegramReply): boolean {
    return Date.now() - message.editedAt >= EDIT_MS && this.#parts.rateLimiter.allowsStatus(reply.chat);
  }

  async #edit(
    message: StatusMessage,
    reply: TelegramReply,
    text: string,
    keyboard: InlineKeyboardMarkup,
  ): Promise<void> {
    Object.assign(message, { text, editedAt: Date.now() });
    const { api } = this.#parts;
    const other = { reply_markup: keyboard };
    try {
      // Another style of a result shows its status in the result's own caption.
      if (reply.replace && !reply.replace.isText)
        await api.editMessageCaption(reply.chat, reply.replace.message, { caption: text, ...other });
      else await api.editMessageText(reply.chat, reply.replace?.message ?? message.id ?? 0, text, other);
    } catch (error) {
      // A status is not worth an error: at worst the next edit shows more.
      if (isMessageGone(error)) message.dismissed = true;
    }
  }

  #messageOf(job: string, reply: TelegramReply): StatusMessage {
    const key = keyOf(job, reply);
    let message = this.#messages.get(key);
    if (!message) {
      message = {
        open: new Set(),
        done: 0,
        id: undefined,
        text: undefined,
        editedAt: 0,
        dismissed: false,
        changes: new Serial(),
      };
      this.#messages.set(key, message);
    }
    return message;
  }
}

const albumKey = (chat: number, album: string) => `album ${chat} ${album}`;

function keyOf(job: string, reply: TelegramReply): string {
  return reply.album === undefined || reply.replace ? job : albumKey(reply.chat, reply.album);
}

function albumText(message: StatusMessage, texts: Texts): string {
  return texts.status.album({ done: message.done, total: message.open.size + message.done });
}
