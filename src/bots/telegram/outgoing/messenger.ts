/** The way back: cartoons, failures and status messages from the conversation to Telegram. */

import type { Api } from 'grammy';
import type { InlineKeyboardMarkup, Message } from 'grammy/types';
import { notesOf } from '../../../inference/notes.ts';
import type { Cartoon, Shape } from '../../../inference/types.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { Job } from '../../../queue/types.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { RecentIds } from '../../../shared/recent-ids.ts';
import { type Locale, localeOf, type Texts } from '../../../texts/index.ts';
import type { Conversation, Messenger, Status } from '../../conversation/types.ts';
import { describe, isGone, isMediaForbidden, isMessageGone, isStaleEdit, isTooLarge } from '../errors.ts';
import type { TelegramReply } from '../types.ts';
import type { ChatActions } from './chat-actions.ts';
import type { FileIdCache, PhotoKey } from './file-id-cache.ts';
import { againButton, resultButtons } from './keyboards.ts';
import type { NoteAnswer, PlaceholderReplies, PlaceholderReply } from './placeholder-reply.ts';
import type { Extras, OutgoingPicture, Sender } from './sender.ts';
import type { StatusMessages } from './status-messages.ts';

export interface MessengerParts {
  readonly api: Api;
  readonly sender: Sender;
  readonly placeholders: PlaceholderReplies;
  readonly statusMessages: StatusMessages;
  readonly chatActions: ChatActions;
  readonly fileIds: FileIdCache;
  readonly conversation: Pick<Conversation, 'styles' | 'firstTime' | 'updateReplyTarget'>;
  readonly texts: (locale: Locale) => Texts;
  readonly logger: Logger;
}

/** What an answer needs to know about its job; answers from the cache have none. */
export interface AnswerContext {
  readonly style: string;
  readonly as?: Shape | undefined;
  readonly locale: string;
}

export class TelegramMessenger implements Messenger<TelegramReply> {
  readonly platform = 'telegram';
  readonly #parts: MessengerParts;
  /** Jobs whose answer is out: a repeated delivery does nothing. */
  readonly #answered = new RecentIds(10_000);

  constructor(parts: MessengerParts) {
    this.#parts = parts;
  }

  async showStatus(job: Job, reply: TelegramReply, status: Status): Promise<TelegramReply> {
    const { chatActions, statusMessages } = this.#parts;
    if (this.#answered.has(job.id) || reply.onBehalf) return reply;
    // After a restart this is the first that the adapter hears of the job.
    chatActions.begin(job.id, reply);
    try {
      const message = await statusMessages.show(job, reply, status, this.#texts(job.locale));
      return message === undefined || message === reply.status ? reply : { ...reply, status: message };
    } catch (error) {
      if (!isGone(error))
        this.#parts.logger.warn({ job: job.id, reason: describe(error) }, 'No status shown');
      return reply;
    }
  }

  async deliver(job: Job, reply: TelegramReply, cartoon: Cartoon): Promise<void> {
    await this.#once(job, reply, async () => {
      const texts = this.#texts(job.locale);
      const caption = notesOf(cartoon, texts);
      if (
        !reply.onBehalf &&
        cartoon.faces === 0 &&
        (await this.#parts.conversation.firstTime(job.user, 'no-face'))
      )
        caption.push(texts.result.noFace);
      await this.#deliver(job, reply, cartoon, caption.join('\n') || undefined);
    });
  }

  async fail(job: Job, reply: TelegramReply, error: DctoonError): Promise<void> {
    await this.#once(job, reply, () => this.#sayFailure(job, reply, error));
  }

  /** Whether the answer to a job is out. */
  isOver(job: string): boolean {
    return this.#answered.has(job);
  }

  /** Sends a picture that Telegram already has. */
  async sendAgain(
    context: AnswerContext,
    reply: TelegramReply,
    fileId: string,
    note: NoteAnswer,
  ): Promise<void> {
    const answer = this.#parts.placeholders.replyTo(reply, note);
    await this.#send(context, reply, answer, { fileId }, undefined);
  }

  async #deliver(
    job: Job,
    reply: TelegramReply,
    cartoon: Cartoon,
    caption: string | undefined,
  ): Promise<void> {
    const { fileIds } = this.#parts;
    const texts = this.#texts(job.locale);
    const answer = this.#answer(job, reply);
    try {
      const sent = await this.#send(job, reply, answer, { cartoon, style: job.style }, caption);
      const fileId = sent?.photo?.at(-1)?.file_id ?? sent?.document?.file_id;
      if (!sent || fileId === undefined) return;
      const keys: PhotoKey[] = [{ unique: reply.photo }];
      if (reply.digest !== undefined) keys.push({ digest: reply.digest });
      // Under the form it was asked for, unless Telegram made it another: ids are bound to their kind.
      if ((sent.photo !== undefined) === (reply.form === 'photo')) fileIds.put(keys, job, reply.form, fileId);
    } catch (error) {
      if (reply.onBehalf && (isMediaForbidden(error) || isTooLarge(error))) return;
      if (isMediaForbidden(error))
        await answer.text(texts.permissions.missing({ names: [texts.permissions.names.attachFiles] }));
      else if (isTooLarge(error)) await answer.text(texts.delivery.tooLarge);
      else throw error;
    }
  }

  /** Sends or replaces; a result that its user deleted meanwhile is sent anew. */
  async #send(
    context: AnswerContext,
    reply: TelegramReply,
    answer: PlaceholderReply,
    picture: OutgoingPicture,
    caption: string | undefined,
  ): Promise<Message | undefined> {
    const { sender, conversation } = this.#parts;
    const keyboard = resultButtons(
      conversation.styles,
      context,
      reply.requester,
      this.#texts(context.locale),
    );
    const extras: Extras = {
      caption: reply.onBehalf ? undefined : caption,
      keyboard,
      spoiler: reply.spoiler,
    };
    if (reply.replace) {
      try {
        const edited = await sender.replace(reply.chat, reply.replace.message, picture, reply.form, extras);
        return edited === true ? undefined : edited;
      } catch (error) {
        if (!isStaleEdit(error)) throw error;
        if (!isMessageGone(error)) return undefined;
      }
    }
    return answer.picture(picture, extras);
  }

  /** The answer to a job: which message it is, is kept in the journal with the job. */
  #answer(job: Job, reply: TelegramReply): PlaceholderReply {
    const { placeholders, conversation } = this.#parts;
    return placeholders.replyTo(reply, (answer) =>
      conversation.updateReplyTarget(job.id, { ...reply, answer }),
    );
  }

  async #sayFailure(job: Job, reply: TelegramReply, error: DctoonError): Promise<void> {
    if (reply.onBehalf)
      return this.#parts.logger.info({ job: job.id, code: error.code }, 'Not said in the name of others');
    const texts = this.#texts(job.locale);
    const text = texts.error(error.code, error.details);
    const retriable = error.fault === 'ours' || error.code === 'download_failed';
    const again = retriable ? againButton(job, reply.requester, texts) : undefined;
    if (reply.replace) await this.#restore(job, reply, error.code === 'cancelled' ? undefined : text, texts);
    // Who cancelled knows; the status message goes, and that is the answer.
    else if (error.code !== 'cancelled') await this.#answer(job, reply).text(text, again);
  }

  /** A result that was to get another style stays, with its buttons; the caption says why. */
  async #restore(job: Job, reply: TelegramReply, text: string | undefined, texts: Texts): Promise<void> {
    const { api, conversation } = this.#parts;
    const { message, isText } = reply.replace ?? { message: 0, isText: true };
    const again = againButton(job, reply.requester, texts);
    try {
      if (isText)
        await api.editMessageText(reply.chat, message, text ?? texts.error('cancelled'), keyboard(again));
      else {
        const { as } = job;
        const buttons = resultButtons(conversation.styles, { style: '', as }, reply.requester, texts);
        await api.editMessageCaption(reply.chat, message, { caption: text ?? '', ...keyboard(buttons) });
      }
    } catch (error) {
      if (!isStaleEdit(error)) throw error;
    }
  }

  /**
   * Runs an answer once per job and clears the status afterwards. What can never be answered counts as answered; the
   * queue tries again after other errors, and gets them without grammY's payload (it would end up in the log).
   */
  async #once(job: Job, reply: TelegramReply, answer: () => Promise<void>): Promise<void> {
    const { statusMessages, chatActions, logger } = this.#parts;
    if (!this.#answered.has(job.id)) {
      try {
        await answer();
      } catch (error) {
        if (!isGone(error)) throw new DctoonError('internal', describe(error));
        logger.info({ job: job.id, reason: describe(error) }, 'Nobody is there to get the answer');
      }
      this.#answered.add(job.id);
    }
    chatActions.end(job.id);
    if (!reply.onBehalf) await statusMessages.leave(job.id, reply, this.#texts(job.locale));
  }

  #texts(locale: string): Texts {
    return this.#parts.texts(localeOf(locale));
  }
}

const keyboard = (markup: InlineKeyboardMarkup | undefined) => (markup ? { reply_markup: markup } : {});
