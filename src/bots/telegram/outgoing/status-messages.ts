/**
 * The status messages: one per photo, one for all parts of an album. They are sent once, edited at most every 3 s
 * and only where the chat's budget allows, and removed when the last answer is there.
 */
import type { Api } from 'grammy';
import type { InlineKeyboardMarkup } from 'grammy/types';
import type { Job } from '../../../queue/types.ts';
import { RecentIds } from '../../../shared/recent-ids.ts';
import type { Texts } from '../../../texts/index.ts';
import { statusLine } from '../../conversation/status-text.ts';
import type { Status } from '../../conversation/types.ts';
import { isMessageGone } from '../errors.ts';
import type { TelegramReply } from '../types.ts';
import { cancelButton } from './keyboards.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Sender } from './sender.ts';

const EDIT_MS = 3000;

interface StatusLine {
  readonly open: Set<string>;
  done: number;
  message: number | undefined;
  text: string | undefined;
  editedAt: number;
  /** The user deleted the message: do not come back. */
  dismissed: boolean;
  /** Steps of one line run one after the other, so that two parts never create two messages. */
  tail: Promise<unknown>;
}

export interface StatusMessagesParts {
  readonly api: Api;
  readonly outbox: Sender;
  readonly pacing: RateLimiter;
}

export class StatusMessages {
  readonly #parts: StatusMessagesParts;
  readonly #lines = new Map<string, StatusLine>();
  /** A status that arrives after its answer must not come back to life. */
  readonly #over = new RecentIds(5000);

  constructor(parts: StatusMessagesParts) {
    this.#parts = parts;
  }

  /** Announces a photo, so that an album knows how many parts it has. */
  join(job: string, reply: TelegramReply): void {
    this.#line(job, reply).open.add(job);
  }

  /** Shows or updates the status; returns the id of its message once there is one. */
  async show(job: Job, reply: TelegramReply, status: Status, texts: Texts): Promise<number | undefined> {
    if (this.#over.has(job.id)) return reply.status;
    const line = this.#line(job.id, reply);
    line.open.add(job.id);
    line.message ??= reply.status;
    await this.#step(line, async () => {
      // It may have been answered while this waited.
      if (!line.open.has(job.id) || line.dismissed) return;
      const album = line.open.size + line.done > 1 ? albumText(line, texts) : undefined;
      const waiting = line.done === 0 && status.kind !== 'processing';
      await this.#write(
        line,
        job,
        reply,
        waiting ? statusLine(status, texts) : (album ?? statusLine(status, texts)),
        texts,
      );
    });
    return line.message;
  }

  /** The photo is over: removes the message, or counts on in an album. */
  async leave(job: string, reply: TelegramReply, texts: Texts): Promise<void> {
    const key = keyOf(job, reply);
    const line = this.#line(job, reply);
    this.#over.add(job);
    line.message ??= reply.status;
    await this.#step(line, async () => {
      line.open.delete(job);
      line.done++;
      if (line.open.size > 0) {
        if (line.message !== undefined && this.#mayEdit(line, reply))
          await this.#edit(line, reply, albumText(line, texts), cancelButton(job, reply, texts));
        return;
      }
      this.#lines.delete(key);
      if (line.message !== undefined && !reply.replace)
        await this.#parts.api.deleteMessage(reply.chat, line.message).catch(() => {});
    });
  }

  /** Live photos of an album, for its cancel button. */
  partsOf(chat: number, album: string): readonly string[] {
    return [...(this.#lines.get(albumKey(chat, album))?.open ?? [])];
  }

  async #write(line: StatusLine, job: Job, reply: TelegramReply, text: string, texts: Texts): Promise<void> {
    const keyboard = cancelButton(job.id, reply, texts);
    if (line.message === undefined && !reply.replace) {
      if (!this.#parts.pacing.allowsStatus(reply.chat)) return;
      const sent = await this.#parts.outbox.text(reply, text, keyboard);
      Object.assign(line, { message: sent.message_id, text, editedAt: Date.now() });
      return;
    }
    if (text !== line.text && this.#mayEdit(line, reply)) await this.#edit(line, reply, text, keyboard);
  }

  #mayEdit(line: StatusLine, reply: TelegramReply): boolean {
    return Date.now() - line.editedAt >= EDIT_MS && this.#parts.pacing.allowsStatus(reply.chat);
  }

  async #edit(
    line: StatusLine,
    reply: TelegramReply,
    text: string,
    keyboard: InlineKeyboardMarkup,
  ): Promise<void> {
    Object.assign(line, { text, editedAt: Date.now() });
    const { api } = this.#parts;
    const other = { reply_markup: keyboard };
    try {
      // Another style of a result shows its status in the result's own caption.
      if (reply.replace && !reply.replace.isText)
        await api.editMessageCaption(reply.chat, reply.replace.message, { caption: text, ...other });
      else await api.editMessageText(reply.chat, reply.replace?.message ?? line.message ?? 0, text, other);
    } catch (error) {
      // A status is not worth an error: at worst the next edit shows more.
      if (isMessageGone(error)) line.dismissed = true;
    }
  }

  #line(job: string, reply: TelegramReply): StatusLine {
    const key = keyOf(job, reply);
    let line = this.#lines.get(key);
    if (!line) {
      const tail = Promise.resolve();
      line = {
        open: new Set(),
        done: 0,
        message: undefined,
        text: undefined,
        editedAt: 0,
        dismissed: false,
        tail,
      };
      this.#lines.set(key, line);
    }
    return line;
  }

  #step(line: StatusLine, work: () => Promise<void>): Promise<void> {
    const step = line.tail.then(work);
    line.tail = step.catch(() => {});
    return step;
  }
}

const albumKey = (chat: number, album: string) => `album ${chat} ${album}`;

function keyOf(job: string, reply: TelegramReply): string {
  return reply.album === undefined || reply.replace ? job : albumKey(reply.chat, reply.album);
}

function albumText(line: StatusLine, texts: Texts): string {
  return texts.status.album({ done: line.done, total: line.open.size + line.done });
}
