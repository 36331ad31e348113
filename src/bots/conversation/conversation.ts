/** The platform-neutral half of a conversation, see `types.ts`: takes photos in, and sends answers back. */
import PQueue from 'p-queue';
import { checkStrength, STRENGTH } from '../../inference/drawing/strength.ts';
import type { Style } from '../../inference/types.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Job, Outcome, Platform, Queue, Submission } from '../../queue/types.ts';
import { DctoonError } from '../../shared/errors.ts';
import { unlessAborted } from '../../shared/timeout.ts';
import type { PreferenceStore } from './preferences/user-preferences.ts';
import { DEFAULT_PACE, type StatusPace, StatusReporter } from './status-reporter.ts';
import type { CacheablePhotoRequest, Conversation, Forgotten, Messenger, PhotoRequest } from './types.ts';

export interface ConversationOptions {
  readonly queue: Queue;
  readonly styles: readonly Style[];
  readonly defaultStyle: string;
  readonly preferences: PreferenceStore;
  readonly log: Logger;
  /** Largest photo. Default: 20 MiB, what Telegram's Bot API hands out and inference takes. */
  readonly maxBytes?: number;
  /** Downloads at the same time, which bounds the memory of photos that are not stored yet. Default: 8. */
  readonly downloads?: number;
  /** Longest time for one download. Default: 60 s. */
  readonly downloadMs?: number;
  readonly pace?: StatusPace;
}

export interface ConversationService extends Conversation {
  /** Tells those who still wait that their photo is kept: to be called when draining left jobs in a durable journal. */
  restarting(): Promise<void>;
  /** Ends downloads and status messages, and saves the preferences. Call it after the queue is closed. */
  close(): Promise<void>;
}

/** @throws DctoonError `unknown_style` when the default style is not among the styles */
export function createConversation(options: ConversationOptions): ConversationService {
  return new QueueConversation(options);
}

/** A photo between its arrival and the queue. */
interface ArrivingPhoto {
  readonly user: string;
  readonly submission: Promise<Submission | undefined>;
  /** Ends its download. */
  readonly cancel: AbortController;
}

class QueueConversation implements ConversationService {
  readonly styles: readonly Style[];
  readonly defaultStyle: string;
  readonly #options: ConversationOptions;
  readonly #maxBytes: number;
  readonly #status: StatusReporter;
  readonly #downloads: PQueue;
  /** By job id: the second of two equal requests joins the first. */
  readonly #arriving = new Map<string, ArrivingPhoto>();
  readonly #stop = new AbortController();

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.styles = options.styles;
    this.defaultStyle = options.defaultStyle;
    this.#maxBytes = options.maxBytes ?? 20 * 1024 ** 2;
    this.#status = new StatusReporter(options.queue, options.log, options.pace ?? DEFAULT_PACE);
    this.#downloads = new PQueue({ concurrency: options.downloads ?? 8 });
    this.#checkStyle(options.defaultStyle);
  }

  attach<Reply>(messenger: Messenger<Reply>): void {
    const { queue } = this.#options;
    // The reply target comes back as the adapter gave it: it alone reads and writes it.
    this.#status.attach(messenger.platform, (job, reply, status) =>
      messenger.showStatus(job, reply as Reply, status),
    );
    queue.onOutcome(messenger.platform, async (job: Job, outcome: Outcome) => {
      const reply = (await this.#status.end(job)) as Reply;
      const current = { ...job, reply };
      if (outcome.ok) await messenger.deliver(current, reply, outcome.cartoon);
      else await messenger.fail(current, reply, outcome.error);
    });
  }

  accept<Reply>(platform: Platform, request: CacheablePhotoRequest<Reply>): Promise<Submission | undefined>;
  accept<Reply>(platform: Platform, request: PhotoRequest<Reply>): Promise<Submission>;
  async accept<Reply>(
    platform: Platform,
    request: PhotoRequest<Reply> | CacheablePhotoRequest<Reply>,
  ): Promise<Submission | undefined> {
    const { id, user } = request;
    const first = this.#arriving.get(id);
    if (first) {
      const submission = await first.submission;
      return submission && { ...submission, duplicate: true };
    }
    const cancel = new AbortController();
    const submission = this.#accept(platform, request, cancel.signal).finally(() =>
      this.#arriving.delete(id),
    );
    this.#arriving.set(id, { user, submission, cancel });
    return submission;
  }

  async known(id: string): Promise<Submission | undefined> {
    return this.#options.queue.known(id).catch(() => undefined);
  }

  async updateReplyTarget<Reply>(jobId: string, reply: Reply): Promise<void> {
    this.#status.updateReplyTarget(jobId, reply);
    await this.#options.queue.updateReplyTarget(jobId, reply);
  }

  async cancel(jobId: string, user: string): Promise<boolean> {
    return this.#options.queue.cancel(jobId, user);
  }

  styleOf(user: string): string {
    const chosen = this.#options.preferences.style(user);
    // A style may have left the manifest since it was chosen.
    return chosen !== undefined && this.#hasStyle(chosen) ? chosen : this.defaultStyle;
  }

  async setStyle(user: string, style: string): Promise<void> {
    this.#checkStyle(style);
    this.#options.preferences.setStyle(user, style);
  }

  strengthOf(user: string): number {
    return this.#options.preferences.strength(user) ?? STRENGTH.usual;
  }

  async setStrength(user: string, strength: number): Promise<void> {
    checkStrength(strength);
    this.#options.preferences.setStrength(user, strength);
  }

  async forget(user: string): Promise<Forgotten> {
    const { queue, preferences } = this.#options;
    const arriving = [...this.#arriving.values()].filter((photo) => photo.user === user);
    for (const { cancel } of arriving) cancel.abort();
    const ended = await Promise.all(
      arriving.map(({ submission }) =>
        submission.then(
          () => false,
          (error: unknown) => isCancellation(error),
        ),
      ),
    );
    // What was on its way into the queue when its download was to end is there now.
    const photos = ended.filter(Boolean).length + (await queue.cancelAll(user));
    return { ...(await preferences.forget(user)), photos };
  }

  async firstTime(user: string, topic: string): Promise<boolean> {
    return this.#options.preferences.firstTime(user, topic);
  }

  restarting(): Promise<void> {
    return this.#status.restarting();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#status.close();
    await this.#options.preferences.flush();
  }

  /** Everything that can be refused is refused before the download. */
  async #accept<Reply>(
    platform: Platform,
    request: PhotoRequest<Reply> | CacheablePhotoRequest<Reply>,
    cancelled: AbortSignal,
  ): Promise<Submission | undefined> {
    const { queue } = this.#options;
    const { id, user, locale, maxBytes, expiresAt, maxWaitMs } = request;
    const style = request.style ?? this.styleOf(user);
    const strength = request.strength ?? this.strengthOf(user);
    this.#checkStyle(style);
    this.#checkSize(request.announcedBytes ?? 0);
    const deadline = expiresAt === undefined ? {} : { expiresAt };
    const known = await queue.check({ id, user, ...deadline });
    if (known) return known;
    const waitMs = queue.estimate(user);
    if (maxWaitMs !== undefined && waitMs > maxWaitMs) {
      throw new DctoonError('wait_too_long', undefined, { details: { seconds: Math.ceil(waitMs / 1000) } });
    }
    const photo = await this.#fetch(request, cancelled);
    this.#checkSize(photo.byteLength);
    if ('isCached' in request && request.isCached(photo)) return undefined;
    return queue.submit(
      {
        id,
        user,
        platform,
        style,
        ...(strength !== STRENGTH.usual && { strength }),
        format: request.format ?? 'jpeg',
        ...(request.as !== undefined && { as: request.as }),
        ...(maxBytes !== undefined && { maxBytes }),
        locale,
        reply: request.reply,
        ...deadline,
      },
      photo,
    );
  }

  async #fetch<Reply>({ id, fetch }: PhotoRequest<Reply>, cancelled: AbortSignal): Promise<Uint8Array> {
    const { downloadMs = 60_000, log } = this.#options;
    try {
      return await unlessAborted(
        cancelled,
        this.#downloads.add(() => {
          cancelled.throwIfAborted();
          return fetch(AbortSignal.any([this.#stop.signal, cancelled, AbortSignal.timeout(downloadMs)]));
        }),
      );
    } catch (error) {
      if (cancelled.aborted) throw new DctoonError('cancelled', 'the user has deleted their data');
      if (this.#stop.signal.aborted) throw new DctoonError('shutting_down');
      if (error instanceof DctoonError && error.code !== 'cancelled') throw error;
      // An adapter's client may throw anything here; for the user it is a photo that could not be fetched.
      log.warn({ job: id, err: error }, 'a photo could not be fetched');
      throw new DctoonError('download_failed', 'the photo could not be fetched');
    }
  }

  #hasStyle(style: string): boolean {
    return this.styles.some(({ id }) => id === style);
  }

  #checkStyle(style: string): void {
    if (!this.#hasStyle(style))
      throw new DctoonError('unknown_style', 'no such style', { details: { style } });
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    const megabytes = Math.floor(this.#maxBytes / 1024 ** 2);
    throw new DctoonError('too_large', `${bytes} bytes`, { details: { megabytes } });
  }
}

function isCancellation(error: unknown): boolean {
  return error instanceof DctoonError && error.code === 'cancelled';
}
