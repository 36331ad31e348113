/** From a picture to an answer: the cache first, else the conversation, with signs of life from the first moment. */
import { createHash } from 'node:crypto';
import type { Logger } from '../../../observability/logger.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { retry } from '../../../shared/retry.ts';
import type { Locale, Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { describe, isBadFileId, isGone, isTransient } from '../errors.ts';
import type { ChatActions } from '../outgoing/chat-actions.ts';
import type { FileIdCache, PhotoKey } from '../outgoing/file-id-cache.ts';
import type { TelegramMessenger } from '../outgoing/messenger.ts';
import type { Begin, PlaceholderReplies } from '../outgoing/placeholder-reply.ts';
import type { RateLimiter } from '../outgoing/rate-limiter.ts';
import type { StatusMessages } from '../outgoing/status-messages.ts';
import { type TelegramReply, userOf } from '../types.ts';
import type { IncomingPhoto } from './media.ts';
import type { Receipt } from './updates.ts';

/** Upload limit of bots (core.telegram.org/bots/api#senddocument), with room for the rest of the request. */
const UPLOAD_LIMIT = 49_000_000;
/**
 * Answers from the cache cost no run, so the queue's limit per user does not hold them back: a chat that already has
 * so much to come gets no more of them. Groups have their 20 a minute, which is soon used up.
 */
const CACHE_LAG_MS = { private: 30_000, group: 120_000 };
/** One refusal per person and reason in this time; who sends 50 photos does not want 40 times "too many". */
const NOTICE_MS = 20_000;
/** Refusals that say "not now" and are the same for every photo. */
const CROWDED = new Set([
  'user_limit',
  'queue_full',
  'rate_limited',
  'wait_too_long',
  'shutting_down',
  'storage_full',
]);

export interface PhotoSubmitterParts {
  readonly conversation: Conversation;
  readonly messenger: TelegramMessenger;
  readonly answers: PlaceholderReplies;
  readonly pacing: RateLimiter;
  readonly status: StatusMessages;
  readonly feedback: ChatActions;
  readonly results: FileIdCache;
  readonly fetchFile: (fileId: string, signal: AbortSignal) => Promise<Uint8Array>;
  readonly texts: (locale: Locale) => Texts;
  readonly logger: Logger;
}

export interface TelegramPhotoRequest {
  /** Idempotency key: the same message or button press has the same. */
  readonly id: string;
  readonly picture: IncomingPhoto;
  readonly reply: TelegramReply;
  readonly style: string;
  readonly locale: Locale;
}

export class PhotoSubmitter {
  readonly #parts: PhotoSubmitterParts;
  readonly #notices = new Map<string, number>();

  constructor(parts: PhotoSubmitterParts) {
    this.#parts = parts;
  }

  /**
   * Sees a picture through until it is answered from the cache, taken into the queue, or refused with a sentence.
   * True when the queue has it, and the answer is still to come.
   */
  async draw(order: TelegramPhotoRequest, receipt: Receipt): Promise<boolean> {
    const { status, feedback, conversation } = this.#parts;
    const { id, reply } = order;
    const begun = receipt.answer(id);
    if (begun) reply.answer = begun;
    else {
      // The queue may have had it from a process that died since; then it answers, and the cache must not.
      const submission = await conversation.known(id);
      if (submission) return submission.state !== 'delivering';
    }
    if (await this.#fromCache(order, receipt, { unique: reply.photo })) return false;
    status.join(id, reply);
    feedback.begin(id, reply);
    // The conversation bounds the downloads; what it refuses, it refuses before.
    if (await this.#accept(order, receipt)) return true;
    feedback.end(id);
    await status.leave(id, reply, this.#parts.texts(order.locale));
    return false;
  }

  /** True when the queue has the photo and will answer. */
  async #accept(order: TelegramPhotoRequest, receipt: Receipt): Promise<boolean> {
    const { conversation, fetchFile } = this.#parts;
    const { id, picture, reply, style, locale } = order;
    let known = false;
    try {
      const submission = await conversation.accept('telegram', {
        id,
        user: userOf(reply.requester),
        locale,
        style,
        // A file is answered as a file, without loss.
        format: reply.form === 'document' ? 'png' : 'jpeg',
        maxBytes: UPLOAD_LIMIT,
        reply,
        announcedBytes: picture.bytes,
        fetch: async (signal) => {
          const bytes = await fetchFile(picture.fileId, signal);
          reply.digest = createHash('sha256').update(bytes).digest('base64url');
          known = this.#parts.results.get({ digest: reply.digest }, style, reply.form) !== undefined;
          // The same photo as another upload: no run needed, so the queue does not get it.
          if (known) throw new DctoonError('expired', 'answered from the cache');
          return bytes;
        },
      });
      // Known and over: nothing more will come that could end the signs of life.
      return !(submission.duplicate && submission.state === 'delivering');
    } catch (error) {
      const { digest } = reply;
      if (known && digest !== undefined && (await this.#fromCache(order, receipt, { digest }))) return false;
      await this.#refuse(
        order,
        receipt,
        known ? new DctoonError('download_failed') : DctoonError.from(error),
      );
      return false;
    }
  }

  /** True when nothing more is to be done. */
  async #fromCache(order: TelegramPhotoRequest, receipt: Receipt, key: PhotoKey): Promise<boolean> {
    const { id, picture, reply, style, locale } = order;
    const { results, messenger, pacing, logger } = this.#parts;
    const fileId = results.get(key, style, reply.form);
    if (fileId === undefined) return false;
    if (pacing.lag(reply.chat) > CACHE_LAG_MS[reply.chat < 0 ? 'group' : 'private']) {
      await this.#refuse(order, receipt, new DctoonError('rate_limited'));
      return true;
    }
    try {
      const begin = beginOf(order, receipt);
      await this.#retry(receipt, () => messenger.sendAgain({ style, locale }, reply, fileId, begin));
      logger.info({ job: id, style }, 'A photo was answered from the cache');
      if ('digest' in key) results.put([{ unique: picture.unique }], style, reply.form, fileId);
      return true;
    } catch (error) {
      if (isGone(error)) return true;
      if (!isBadFileId(error)) throw error;
      logger.info({ job: id, reason: describe(error) }, 'A remembered cartoon is gone, drawing it anew');
      results.forget(fileId);
      return false;
    }
  }

  async #refuse(order: TelegramPhotoRequest, receipt: Receipt, error: DctoonError): Promise<void> {
    const { logger, answers, texts } = this.#parts;
    const { id, reply, locale } = order;
    // It is on the disk and nobody has been told anything: the next process takes it up.
    if (error.code === 'shutting_down') return receipt.postpone();
    const log = { job: id, reason: describe(error.cause ?? error), code: error.code };
    if (error.fault === 'ours') logger.error(log, 'A photo was not taken in');
    else logger.info(log, 'A photo was refused');
    if (CROWDED.has(error.code) && !this.#mayNotice(`${reply.chat} ${reply.requester} ${error.code}`)) return;
    try {
      const text = texts(locale).error(error.code, error.details);
      const answer = answers.begin(reply, beginOf(order, receipt));
      await this.#retry(receipt, () => answer.text(text));
    } catch (failure) {
      if (!isGone(failure)) throw failure;
    }
  }

  /** Answers that no queue stands behind: tried until Telegram takes them, by the next process if need be. */
  async #retry(receipt: Receipt, send: () => Promise<void>): Promise<void> {
    try {
      await retry(send, { isTransient, signal: receipt.signal });
    } catch (error) {
      if (!receipt.signal.aborted || !isTransient(error)) throw error;
      receipt.postpone();
    }
  }

  #mayNotice(key: string): boolean {
    const now = Date.now();
    for (const [old, at] of this.#notices) {
      if (now - at < NOTICE_MS) break;
      this.#notices.delete(old);
    }
    if (this.#notices.has(key)) return false;
    this.#notices.set(key, now);
    return true;
  }
}

/** Which message answers an order that the queue does not have lies in the inbox with its update. */
function beginOf({ id, reply }: TelegramPhotoRequest, receipt: Receipt): Begin {
  return (message) => {
    reply.answer = message;
    return receipt.begin(id, message);
  };
}
