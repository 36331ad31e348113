/** From a photo to its answer: from the cache if it was drawn before, else through the conversation and its queue. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Shape } from '../../../inference/types.ts';
import type { Logger } from '../../../observability/logger.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { retry } from '../../../shared/retry.ts';
import type { Locale, Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { describe, isBadFileId, isGone, isTransient } from '../errors.ts';
import type { ChatActions } from '../outgoing/chat-actions.ts';
import type { FileIdCache, Look, PhotoKey } from '../outgoing/file-id-cache.ts';
import type { TelegramMessenger } from '../outgoing/messenger.ts';
import type { NoteAnswer, PlaceholderReplies } from '../outgoing/placeholder-reply.ts';
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
const REFUSAL_INTERVAL_MS = 20_000;
/** Refusals remembered for that. */
const MAX_REFUSALS = 10_000;
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
  readonly placeholders: PlaceholderReplies;
  readonly rateLimiter: RateLimiter;
  readonly statusMessages: StatusMessages;
  readonly chatActions: ChatActions;
  readonly fileIds: FileIdCache;
  readonly fetchFile: (fileId: string, signal: AbortSignal) => Promise<Uint8Array>;
  readonly texts: (locale: Locale) => Texts;
  readonly logger: Logger;
}

export interface TelegramPhotoRequest {
  /** Idempotency key: the same message or button press has the same. */
  readonly id: string;
  readonly photo: IncomingPhoto;
  readonly reply: TelegramReply;
  readonly style: string;
  /** Default `photo`. */
  readonly as?: Shape | undefined;
  readonly locale: Locale;
}

export class PhotoSubmitter {
  readonly #parts: PhotoSubmitterParts;
  /** Whom a refusal was told lately. */
  readonly #refusals = new LRUCache<string, true>({ max: MAX_REFUSALS, ttl: REFUSAL_INTERVAL_MS });

  constructor(parts: PhotoSubmitterParts) {
    this.#parts = parts;
  }

  /**
   * Sees a photo through until it is answered from the cache, taken into the queue, or refused with a sentence.
   * True when the queue has it, and the answer is still to come.
   */
  async submit(request: TelegramPhotoRequest, receipt: Receipt): Promise<boolean> {
    const { statusMessages, chatActions, conversation } = this.#parts;
    const { id, reply } = request;
    const begun = receipt.answerOf(id);
    if (begun) reply.answer = begun;
    else {
      // The queue may have had it from a process that died since; then it answers, and the cache must not.
      const submission = await conversation.known(id);
      if (submission) return submission.state !== 'delivering';
    }
    if (await this.#answerFromCache(request, receipt, { unique: reply.photo })) return false;
    if (!reply.onBehalf) {
      statusMessages.join(id, reply);
      chatActions.begin(id, reply);
    }
    if (await this.#accept(request, receipt)) return true;
    chatActions.end(id);
    if (!reply.onBehalf) await statusMessages.leave(id, reply, this.#parts.texts(request.locale));
    return false;
  }

  /** True when the queue has the photo and will answer. */
  async #accept(request: TelegramPhotoRequest, receipt: Receipt): Promise<boolean> {
    const { conversation, fetchFile, fileIds } = this.#parts;
    const { id, photo, reply, style, as, locale } = request;
    try {
      const submission = await conversation.accept('telegram', {
        id,
        user: userOf(reply.requester),
        locale,
        style,
        // A file is answered as a file, without loss.
        format: reply.form === 'document' ? 'png' : 'jpeg',
        as,
        maxBytes: UPLOAD_LIMIT,
        reply,
        announcedBytes: photo.bytes,
        fetch: (signal) => fetchFile(photo.fileId, signal),
        // The same photo as another upload needs no run.
        isCached: (bytes) => {
          reply.digest = createHash('sha256').update(bytes).digest('base64url');
          return fileIds.get({ digest: reply.digest }, this.#look(request), reply.form) !== undefined;
        },
      });
      // Known and over: nothing more will come.
      if (submission) return !(submission.duplicate && submission.state === 'delivering');
    } catch (error) {
      await this.#refuse(request, receipt, DctoonError.from(error));
      return false;
    }
    const { digest = '' } = reply;
    if (await this.#answerFromCache(request, receipt, { digest })) return false;
    // Telegram has lost the cartoon, and the cache has forgotten it now.
    return this.#accept(request, receipt);
  }

  /** True when nothing more is to be done. */
  async #answerFromCache(request: TelegramPhotoRequest, receipt: Receipt, key: PhotoKey): Promise<boolean> {
    const { id, photo, reply, style, as, locale } = request;
    const { fileIds, messenger, rateLimiter, logger } = this.#parts;
    const look = this.#look(request);
    const fileId = fileIds.get(key, look, reply.form);
    if (fileId === undefined) return false;
    if (rateLimiter.lag(reply.chat) > CACHE_LAG_MS[reply.chat < 0 ? 'group' : 'private']) {
      await this.#refuse(request, receipt, new DctoonError('rate_limited'));
      return true;
    }
    try {
      const note = noteIn(receipt, request);
      await this.#retry(receipt, () => messenger.sendAgain({ style, as, locale }, reply, fileId, note));
      logger.info({ job: id, style }, 'A photo was answered from the cache');
      if ('digest' in key) fileIds.put([{ unique: photo.unique }], look, reply.form, fileId);
      return true;
    } catch (error) {
      if (isGone(error)) return true;
      if (!isBadFileId(error)) throw error;
      logger.info({ job: id, reason: describe(error) }, 'A remembered cartoon is gone, drawing it anew');
      fileIds.forget(fileId);
      return false;
    }
  }

  /** What the answer will look like. */
  #look({ style, as, reply }: TelegramPhotoRequest): Look {
    return { style, as, strength: this.#parts.conversation.strengthOf(userOf(reply.requester)) };
  }

  async #refuse(request: TelegramPhotoRequest, receipt: Receipt, error: DctoonError): Promise<void> {
    const { logger, placeholders, texts } = this.#parts;
    const { id, reply, locale } = request;
    // It is on the disk and nobody has been told anything: the next process takes it up.
    if (error.code === 'shutting_down') return receipt.postpone();
    const log = { job: id, reason: describe(error.cause ?? error), code: error.code };
    if (error.fault === 'ours') logger.error(log, 'A photo was not taken in');
    else logger.info(log, 'A photo was refused');
    // Who cancelled knows; and strangers are not told.
    if (error.code === 'cancelled' || reply.onBehalf) return;
    if (CROWDED.has(error.code) && this.#wasToldLately(`${reply.chat} ${reply.requester} ${error.code}`))
      return;
    try {
      const text = texts(locale).error(error.code, error.details);
      const answer = placeholders.replyTo(reply, noteIn(receipt, request));
      await this.#retry(receipt, () => answer.text(text));
    } catch (failure) {
      if (!isGone(failure)) throw failure;
    }
  }

  /** For answers that the queue does not repeat: tries until Telegram takes them, by the next process if need be. */
  async #retry(receipt: Receipt, send: () => Promise<void>): Promise<void> {
    try {
      await retry(send, { isTransient, signal: receipt.signal });
    } catch (error) {
      if (!receipt.signal.aborted || !isTransient(error)) throw error;
      receipt.postpone();
    }
  }

  #wasToldLately(key: string): boolean {
    if (this.#refusals.has(key)) return true;
    this.#refusals.set(key, true);
    return false;
  }
}

/** The message that answers a photo which the queue does not have is noted in the inbox, with the update. */
function noteIn(receipt: Receipt, { id, reply }: TelegramPhotoRequest): NoteAnswer {
  return (message) => {
    reply.answer = message;
    return receipt.noteAnswer(id, message);
  };
}
