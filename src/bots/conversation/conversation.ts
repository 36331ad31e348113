/** The platform-neutral half of a conversation, see `types.ts`: takes photos in, and sends answers back. */
import PQueue from 'p-queue';
import type { Style } from '../../inference/types.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Job, Outcome, Platform, Queue, Submission } from '../../queue/types.ts';
import { DctoonError } from '../../shared/errors.ts';
import type { PreferenceStore } from './preferences/user-preferences.ts';
import { DEFAULT_PACE, type StatusPace, StatusReporter } from './status-reporter.ts';
import type { Conversation, Messenger, PhotoRequest } from './types.ts';

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

class QueueConversation implements ConversationService {
  readonly styles: readonly Style[];
  readonly defaultStyle: string;
  readonly #options: ConversationOptions;
  readonly #maxBytes: number;
  readonly #status: StatusReporter;
  readonly #downloads: PQueue;
  /** Photos between their arrival and the queue, by job id: the second of two equal requests joins the first. */
  readonly #accepting = new Map<string, Promise<Submission>>();
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

  async accept<Reply>(platform: Platform, request: PhotoRequest<Reply>): Promise<Submission> {
    const first = this.#accepting.get(request.id);
    if (first) return { ...(await first), duplicate: true };
    const accepted = this.#accept(platform, request).finally(() => this.#accepting.delete(request.id));
    this.#accepting.set(request.id, accepted);
    return accepted;
  }

  async known(id: string): Promise<Submission | undefined> {
    return this.#options.queue.known(id).catch(() => undefined);
  }

  async updateReplyTarget<Reply>(jobId: string, reply: Reply): Promise<void> {
    this.#status.amend(jobId, reply);
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
  async #accept<Reply>(platform: Platform, request: PhotoRequest<Reply>): Promise<Submission> {
    const { queue } = this.#options;
    const { id, user, locale, maxBytes, expiresAt, maxWaitMs } = request;
    const style = request.style ?? this.styleOf(user);
    this.#checkStyle(style);
    this.#checkSize(request.announcedBytes ?? 0);
    const deadline = expiresAt === undefined ? {} : { expiresAt };
    const known = await queue.check({ id, user, ...deadline });
    if (known) return known;
    const waitMs = queue.estimate(user);
    if (maxWaitMs !== undefined && waitMs > maxWaitMs) {
      throw new DctoonError('wait_too_long', undefined, { details: { seconds: Math.ceil(waitMs / 1000) } });
    }
    const photo = await this.#fetch(request);
    this.#checkSize(photo.byteLength);
    return queue.submit(
      {
        id,
        user,
        platform,
        style,
        format: request.format ?? 'jpeg',
        ...(maxBytes !== undefined && { maxBytes }),
        locale,
        reply: request.reply,
        ...deadline,
      },
      photo,
    );
  }

  async #fetch<Reply>({ id, fetch }: PhotoRequest<Reply>): Promise<Uint8Array> {
    const { downloadMs = 60_000, log } = this.#options;
    try {
      return await this.#downloads.add(() =>
        fetch(AbortSignal.any([this.#stop.signal, AbortSignal.timeout(downloadMs)])),
      );
    } catch (error) {
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
