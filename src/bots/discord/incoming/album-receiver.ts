/**
 * Takes charge of what somebody asked for: one to ten pictures, which share one reply.
 *
 * The gateway tells everything once, and a command is acknowledged before its photos are fetched. So a request is
 * written down before the acknowledgement, and leaves the inbox when the queue has its pictures or their refusals are
 * said; what a dead process left is taken up by the next one as long as there is a way to answer.
 */
import type { Logger } from '../../../observability/logger.ts';
import { OpenWork } from '../../../shared/open-work.ts';
import { within } from '../../../shared/timeout.ts';
import { Inbox } from '../../../storage/inbox.ts';
import { createTexts } from '../../../texts/index.ts';
import type { DiscordApi } from '../api.ts';
import { errorKind, loggable } from '../errors.ts';
import type { OriginalStore } from '../originals/original-store.ts';
import type { DiscordMessenger } from '../reply/messenger.ts';
import { NO_MENTIONS } from '../reply/render.ts';
import type { AckPriority } from './ack-priority.ts';
import {
  type AlbumRequest,
  albumRequestSchema,
  groupOf,
  isTokenAlive,
  repliesOf,
  type Wanted,
} from './album-request.ts';
import type { PhotoSubmitter } from './submit-photo.ts';

export interface AlbumReceiverOptions {
  /** Where the inbox lies. */
  readonly folder: string;
  readonly api: DiscordApi;
  readonly submitter: PhotoSubmitter;
  readonly messenger: DiscordMessenger;
  readonly originals: OriginalStore;
  readonly ackPriority: AckPriority;
  readonly logger: Logger;
  readonly now: () => number;
}

export class AlbumReceiver {
  readonly #options: AlbumReceiverOptions;
  readonly #open = new OpenWork();
  #inbox: Inbox<AlbumRequest> | undefined;
  /** What the last process left. */
  #left: AlbumRequest[] = [];

  constructor(options: AlbumReceiverOptions) {
    this.#options = options;
  }

  /** Opens the inbox, and prepares the replies to what the last process left: to be called before any is written to. */
  async load(): Promise<void> {
    const { folder, logger, messenger } = this.#options;
    const parse = (json: unknown) => albumRequestSchema.safeParse(json).data;
    this.#inbox = await Inbox.open({ folder, log: logger, parse });
    this.#left = this.#inbox.items.map(([, request]) => request);
    for (const request of this.#left) {
      const [first] = repliesOf(request);
      if (first) messenger.resume(first);
    }
  }

  /** Takes up what the last process left. */
  async resume(): Promise<void> {
    const { logger } = this.#options;
    if (this.#left.length > 0)
      logger.info({ requests: this.#left.length }, 'discord requests of the last process');
    await Promise.all(this.#left.splice(0).map((request) => this.#open.add(this.#takeUp(request))));
  }

  /** Whether a request is in work, or was lately: the gateway repeats events after a resume. */
  knows(id: string): boolean {
    return this.#inbox?.has(id) ?? false;
  }

  /**
   * Writes a request down, acknowledges it, and sees its pictures into the queue. Whatever goes wrong after the
   * acknowledgement is said in the reply.
   * @param find finds the pictures, where that takes longer than an acknowledgement may wait
   * @returns false when there were no pictures; the reply is the caller's then
   * @throws what `acknowledge` throws
   */
  async accept(
    asked: AlbumRequest,
    acknowledge: () => Promise<void>,
    find?: () => Promise<readonly Wanted[]>,
  ): Promise<boolean> {
    const { originals, logger } = this.#options;
    const inbox = this.#opened();
    // The photo of a message can be read again as long as the message is there.
    const isRecoverable = originals.keeps || asked.target.kind === 'message';
    const source = asked.source ?? (isRecoverable ? originals.newRef(asked.userId) : undefined);
    let request: AlbumRequest = { ...asked, ...(source ? { source } : {}) };
    // A full disk costs the memory of this request over a crash; whether the queue has room, it says itself.
    await inbox.put(request.id, request).catch((error: unknown) => {
      logger.warn({ err: error }, 'discord request not written down');
    });
    try {
      await acknowledge();
      if (find) {
        request = { ...request, pictures: [...(await find())] };
        await inbox.update(request.id, request).catch(() => {});
      }
    } catch (error) {
      inbox.remove(request.id);
      throw error;
    }
    if (request.pictures.length > 0) await this.#open.add(this.#submit(request, false));
    else inbox.remove(request.id);
    return request.pictures.length > 0;
  }

  /** Resolves when every request is in the queue, or after `ms`; what is still open then is the next process's. */
  async settle(ms: number): Promise<void> {
    await within(this.#open.allEnd(), ms);
    this.#options.submitter.stop();
  }

  /** Requests that were dealt with leave the file at once. */
  async scrub(): Promise<void> {
    await this.#inbox?.scrub();
  }

  async close(): Promise<void> {
    await this.#inbox?.close();
  }

  #opened(): Inbox<AlbumRequest> {
    if (!this.#inbox) throw new Error('the inbox is not open');
    return this.#inbox;
  }

  /** A request of the last process: its command may never have been acknowledged, or its reply may be gone. */
  async #takeUp(request: AlbumRequest): Promise<void> {
    const { api, logger, now } = this.#options;
    const { target } = request;
    try {
      if (target.kind === 'interaction' && isTokenAlive(target, now())) {
        await api.original(target);
        // The process died while it looked for the pictures.
        if (request.pictures.length === 0) {
          const content = createTexts(request.locale).error('shutting_down');
          await api.editOriginal(target, { content, allowed_mentions: NO_MENTIONS });
        }
      }
    } catch (error) {
      const kind = errorKind(error);
      logger.info({ ...loggable(error), kind, request: request.id }, 'discord request of the last process');
      if (kind === 'gone') return this.#forget(request);
    }
    if (request.pictures.length === 0) return this.#forget(request);
    await this.#submit(request, true);
  }

  #forget(request: AlbumRequest): void {
    this.#options.messenger.forget(groupOf(request));
    this.#opened().remove(request.id);
  }

  /** Submits the pictures one after the other; never rejects. */
  async #submit(request: AlbumRequest, isReplay: boolean): Promise<void> {
    const { messenger, submitter, ackPriority } = this.#options;
    const replies = repliesOf(request);
    const [first] = replies;
    if (!first) return;
    const group = await (isReplay ? messenger.resume(first) : messenger.begin(first));
    await ackPriority.wait();
    for (const [part, picture] of request.pictures.entries()) {
      if (group.isOver) break;
      const outcome = await submitter.submit(request, group, picture, replies[part] ?? first);
      // On the disk, and nobody was told anything yet: the next process takes it up.
      if (outcome === 'stopping') return;
      if (outcome === 'known' && !isReplay) {
        messenger.forget(first.group);
        break;
      }
    }
    this.#opened().remove(request.id);
  }
}
