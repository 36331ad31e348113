/**
 * The platform-neutral half of a conversation: what is accepted, which texts, progress, limits.
 * An adapter (Telegram, Discord) translates platform events into a `PhotoRequest`, and implements `Messenger`
 * for the way back. It never talks to the queue itself.
 *
 * Path of a photo: adapter -> Conversation.accept -> Queue.submit ... Queue.onOutcome -> Messenger.deliver
 */

import type { Cartoon, PhotoFormat, Shape, Stage, Style } from '../../inference/types.ts';
import type { Job, Platform, Submission } from '../../queue/types.ts';
import type { DctoonError } from '../../shared/errors.ts';
import type { Locale } from '../../texts/types.ts';

export interface PhotoRequest<Reply> {
  /** Idempotency key, see `Job.id`. */
  readonly id: string;
  /** The user on this platform (`tg-42`, `dc-81384788765712384`); anonymous senders use the chat they speak for. */
  readonly user: string;
  readonly locale: Locale;
  /** Style id; undefined = the user's own default, else the service's. */
  readonly style?: string | undefined;
  /** Per cent; undefined = the user's own, else 100. */
  readonly strength?: number | undefined;
  /** Default `jpeg`. */
  readonly format?: PhotoFormat;
  /** Default `photo`. */
  readonly as?: Shape | undefined;
  readonly maxBytes?: number;
  /** Epoch ms after which an answer is useless (Discord: the interaction token's death). */
  readonly expiresAt?: number;
  /** Refuse with `wait_too_long` when the expected wait is longer (Discord: 12 minutes). */
  readonly maxWaitMs?: number;
  /** Where and how to answer: plain JSON, no tokens beyond what answering needs, kept over restarts. */
  readonly reply: Reply;
  /** Size the platform announces, if it does: refused before any download when over the limit. */
  readonly announcedBytes?: number | undefined;
  /** Fetches the photo. Called at most once. Must cap bytes and time, see `download` in `src/bots/download.ts`. */
  readonly fetch: (signal: AbortSignal) => Promise<Uint8Array>;
}

/** A request of an adapter that remembers cartoons it has sent. */
export interface CacheablePhotoRequest<Reply> extends PhotoRequest<Reply> {
  /** Asked with the downloaded photo: true when the adapter has its cartoon, so that none is drawn. */
  readonly isCached: (photo: Uint8Array) => boolean;
}

export type Status =
  | { readonly kind: 'queued'; readonly ahead: number; readonly etaSeconds: number }
  | { readonly kind: 'processing'; readonly stage: Stage; readonly etaSeconds: number }
  /** The process is stopping; the photo is kept and will be answered after the restart. */
  | { readonly kind: 'restarting' };

/** What an adapter can do for the conversation. Errors it cannot help (user blocked the bot, message deleted) are swallowed there. */
export interface Messenger<Reply> {
  readonly platform: Platform;
  /**
   * Creates or edits the one status message of a job (localised text + cancel button). Returns the reply target,
   * changed if the status message's id has to be remembered. Called at most every 3 s per job, never after the answer.
   */
  showStatus(job: Job, reply: Reply, status: Status): Promise<Reply>;
  /** Sends the cartoon as the answer, and removes the status message. Must be idempotent by `job.id` as far as the platform allows. */
  deliver(job: Job, reply: Reply, cartoon: Cartoon): Promise<void>;
  /** Answers with a localised sentence (`texts.error(...)`), and removes the status message. */
  fail(job: Job, reply: Reply, error: DctoonError): Promise<void>;
}

/** What was stored about a user, and has been deleted. */
export interface Forgotten {
  /** Whether a style had been chosen. */
  readonly style: boolean;
  /** Whether a strength had been chosen. */
  readonly strength: boolean;
  /** One-time hints that were remembered as seen. */
  readonly hints: number;
  /** Photos that were on their way to a cartoon. */
  readonly photos: number;
}

/** What the adapters call. Implemented once, in `conversation.ts`. */
export interface Conversation {
  readonly styles: readonly Style[];
  readonly defaultStyle: string;
  /** Registers the way back of a platform. Call once, before the adapter takes updates in. */
  attach<Reply>(messenger: Messenger<Reply>): void;
  /**
   * Takes a photo in: checks style, announced size and limits, downloads, submits. Rejects with a `DctoonError`
   * whose text the adapter shows at once; after it resolves, the answer comes through the messenger.
   * A repeated `id` resolves with `duplicate: true` and is not answered twice. Undefined when `isCached` was true: the
   * adapter answers.
   */
  accept<Reply>(platform: Platform, request: CacheablePhotoRequest<Reply>): Promise<Submission | undefined>;
  accept<Reply>(platform: Platform, request: PhotoRequest<Reply>): Promise<Submission>;
  /** The submission of a photo with this idempotency key that is with the queue, or was answered lately. */
  known(id: string): Promise<Submission | undefined>;
  /**
   * Replaces the reply target of a photo, also while it is being answered: what an adapter must know after a crash to
   * answer only once. On the disk when this resolves, if the queue is durable.
   */
  updateReplyTarget<Reply>(jobId: string, reply: Reply): Promise<void>;
  cancel(jobId: string, user: string): Promise<boolean>;
  /** The style a user has chosen (`/style`), else the service default. Kept over restarts. */
  styleOf(user: string): string;
  setStyle(user: string, style: string): Promise<void>;
  /** The strength a user has chosen (`/strength`), else 100. Kept over restarts. */
  strengthOf(user: string): number;
  /** @throws RangeError where it is no whole number from 0 to 150 */
  setStrength(user: string, strength: number): Promise<void>;
  /**
   * Deletes what is stored about a user: the chosen style and strength, the hints seen, and photos that are being downloaded, wait or
   * are being drawn; those are not answered any more. Gone when it resolves. A photo whose answer is being sent at this
   * moment is deleted with its answer, as always.
   * @throws DctoonError `storage_full`, or what else keeps the settings from being deleted; then it may be called again
   */
  forget(user: string): Promise<Forgotten>;
  /** True the first time only (per user and topic, kept over restarts): for one-time hints such as "no face found". */
  firstTime(user: string, topic: string): Promise<boolean>;
}

/** A running adapter. `stop` ends the taking in of updates; answers of accepted jobs still go out until the queue is drained. */
export interface BotAdapter {
  readonly platform: Exclude<Platform, 'web'>;
  start(): Promise<void>;
  /** Takes no more updates in (polling, gateway). Deliveries must still work afterwards, until `close`. */
  stop(): Promise<void>;
  close(): Promise<void>;
  /** Where people find the bot, once that is known. */
  link(): string | undefined;
  /** Why messages do not come in at the moment, as a sentence for the operator; undefined when they do. */
  trouble(): string | undefined;
}
