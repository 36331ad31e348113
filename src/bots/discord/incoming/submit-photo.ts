/**
 * Takes pictures in: one group, one job per picture, one shared reply.
 *
 * The gateway tells everything once, and a command is acknowledged before its photos are fetched. So an order is
 * written down before the acknowledgement, and leaves the inbox when the queue has its pictures or their refusals are
 * said; what a dead process left is taken up by the next one as long as there is a way to answer.
 */

import type { Logger } from '../../../observability/logger.ts';
import type { Submission } from '../../../queue/types.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { retry } from '../../../shared/retry.ts';
import { within } from '../../../shared/timeout.ts';
import { Inbox } from '../../../storage/inbox.ts';
import { createTexts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import type { DiscordApi } from '../api.ts';
import { errorKind, loggable } from '../errors.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import type { OriginalStore } from '../originals/original-store.ts';
import { type DiscordMessenger, jobId, userOf } from '../reply/messenger.ts';
import { NO_MENTIONS } from '../reply/render.ts';
import type { ReplyGroup } from '../reply/reply-group.ts';
import type { DiscordReply } from '../types.ts';
import type { AckPriority } from './ack-priority.ts';
import { type AlbumRequest, albumRequestSchema, type Wanted } from './album-request.ts';
import type { Quota } from './quota.ts';

export interface PhotoSubmitterOptions {
  /** Where the inbox lies. */
  readonly folder: string;
  readonly api: DiscordApi;
  readonly conversation: Conversation;
  readonly media: FileDownloader;
  readonly replies: DiscordMessenger;
  readonly sources: OriginalStore;
  readonly userQuota: Quota;
  readonly guildQuota: Quota;
  readonly rush: AckPriority;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Every server and client takes this much, whatever its tier and whichever month it is. */
const MAX_BYTES = 8 * 1024 * 1024;
/** The token dies at 15 minutes; half a minute is left for the upload. */
const TOKEN_LIFE_MS = 14.5 * 60_000;
/** Whoever would have to wait longer is told so at once (issue 5). */
const MAX_WAIT_MS = 12 * 60_000;

export class PhotoSubmitter {
  readonly #options: PhotoSubmitterOptions;
  readonly #open = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  #inbox: Inbox<AlbumRequest> | undefined;
  #left: AlbumRequest[] = [];

  constructor(options: PhotoSubmitterOptions) {
    this.#options = options;
  }

  /** Opens the inbox, and prepares the replies to what the last process left: to be called before any is written to. */
  async load(): Promise<void> {
    const { folder, logger, replies } = this.#options;
    const parse = (json: unknown) => albumRequestSchema.safeParse(json).data;
    this.#inbox = await Inbox.open({ folder, log: logger, parse });
    this.#left = this.#inbox.items.map(([, order]) => order);
    for (const order of this.#left) {
      const [first] = repliesOf(order);
      if (first) replies.resume(first);
    }
  }

  /** Takes up what the last process left. */
  async resume(): Promise<void> {
    const { logger } = this.#options;
    if (this.#left.length > 0)
      logger.info({ orders: this.#left.length }, 'discord orders of the last process');
    await Promise.all(this.#left.splice(0).map((order) => this.#follow(this.#takeUp(order))));
  }

  /** Whether an order is in work, or was lately: the gateway repeats events after a resume. */
  knows(id: string): boolean {
    return this.#inbox?.has(id) ?? false;
  }

  /** Charges the caps. Call before the acknowledgement, so that a refusal can be the answer. @throws DctoonError `rate_limited` */
  charge(userId: string, guildId: string | undefined, count: number): void {
    const { userQuota, guildQuota } = this.#options;
    userQuota.take(userId, count);
    try {
      if (guildId) guildQuota.take(guildId, count);
    } catch (error) {
      userQuota.refund(userId, count);
      throw error;
    }
  }

  /**
   * Takes charge of an order: writes it down, acknowledges it, and sees its pictures into the queue. Whatever goes wrong
   * after the acknowledgement is said in the reply.
   * @param find finds the pictures, where that takes longer than an acknowledgement may wait
   * @returns false when there were no pictures; the reply is the caller's then
   * @throws what `acknowledge` throws
   */
  async accept(
    order: AlbumRequest,
    acknowledge: () => Promise<void>,
    find?: () => Promise<readonly Wanted[]>,
  ): Promise<boolean> {
    const { sources, logger } = this.#options;
    const inbox = this.#opened();
    // The photo of a message can be read again as long as the message is there.
    const isRecoverable = sources.keeps || order.target.kind === 'message';
    const source = order.source ?? (isRecoverable ? sources.newRef() : undefined);
    let whole: AlbumRequest = { ...order, ...(source ? { source } : {}) };
    // A full disk costs the memory of this order over a crash; whether the queue has room, it says itself.
    await inbox.put(order.id, whole).catch((error: unknown) => {
      logger.warn({ err: error }, 'discord order not written down');
    });
    try {
      await acknowledge();
      if (find) {
        whole = { ...whole, pictures: [...(await find())] };
        await inbox.update(order.id, whole).catch(() => {});
      }
    } catch (error) {
      inbox.remove(order.id);
      throw error;
    }
    if (whole.pictures.length > 0) await this.#follow(this.#take(whole, false));
    else inbox.remove(order.id);
    return whole.pictures.length > 0;
  }

  /** Resolves when every order is in the queue, or after `ms`; what is still open then is the next process's. */
  async settle(ms: number): Promise<void> {
    const drained = async () => {
      while (this.#open.size > 0) await Promise.race(this.#open);
    };
    await within(drained(), ms);
    this.#stop.abort();
  }

  async close(): Promise<void> {
    await this.#inbox?.close();
  }

  #opened(): Inbox<AlbumRequest> {
    if (!this.#inbox) throw new Error('the inbox is not open');
    return this.#inbox;
  }

  #follow<T>(work: Promise<T>): Promise<T> {
    this.#open.add(work);
    return work.finally(() => this.#open.delete(work));
  }

  /** An order of the last process: its command may never have been acknowledged, or its reply may be gone. */
  async #takeUp(order: AlbumRequest): Promise<void> {
    const { api, logger, now } = this.#options;
    const { target } = order;
    try {
      if (target.kind === 'interaction' && now() < target.createdAt + TOKEN_LIFE_MS) {
        await api.original(target);
        // The process died while it looked for the pictures.
        if (order.pictures.length === 0) {
          const content = createTexts(order.locale).error('shutting_down');
          await api.editOriginal(target, { content, allowed_mentions: NO_MENTIONS });
        }
      }
    } catch (error) {
      const trouble = errorKind(error);
      logger.info({ ...loggable(error), trouble, order: order.id }, 'discord order of the last process');
      if (trouble === 'gone') return this.#forget(order);
    }
    if (order.pictures.length === 0) return this.#forget(order);
    await this.#take(order, true);
  }

  #forget(order: AlbumRequest): void {
    this.#options.replies.forget(`dc-${order.id}`);
    this.#opened().remove(order.id);
  }

  /** Submits the pictures one after the other; never rejects. */
  async #take(order: AlbumRequest, isReplay: boolean): Promise<void> {
    const { replies, rush } = this.#options;
    const targets = repliesOf(order);
    const [first] = targets;
    if (!first) return;
    const group = await (isReplay ? replies.resume(first) : replies.begin(first));
    await rush.over();
    for (const [part, picture] of order.pictures.entries()) {
      if (group.isOver) break;
      const outcome = await this.#submit(order, group, picture, targets[part] ?? first);
      // On the disk, and nobody was told anything yet: the next process takes it up.
      if (outcome === 'stopping') return;
      if (outcome === 'known' && !isReplay) {
        replies.forget(first.group);
        break;
      }
    }
    this.#opened().remove(order.id);
  }

  async #submit(
    order: AlbumRequest,
    group: ReplyGroup,
    picture: Wanted,
    reply: DiscordReply,
  ): Promise<'taken' | 'known' | 'refused' | 'stopping'> {
    const { conversation, now } = this.#options;
    const { target, userId } = order;
    const job = jobId(reply.group, reply.part);
    try {
      if (group.isCancelled) throw new DctoonError('cancelled');
      const dead = target.kind === 'interaction' && now() > target.createdAt + TOKEN_LIFE_MS;
      if (dead && !(await conversation.known(job))) throw new DctoonError('expired');
      const { duplicate } = await this.#accept(order, reply, picture);
      await group.accepted(reply.part);
      if (group.isCancelled) await conversation.cancel(job, userOf(userId));
      return duplicate ? 'known' : 'taken';
    } catch (thrown) {
      const error = DctoonError.from(thrown);
      if (error.code === 'shutting_down') return 'stopping';
      return this.#refuse(order, reply, error);
    }
  }

  #accept(order: AlbumRequest, reply: DiscordReply, picture: Wanted): Promise<Submission> {
    const { conversation, now } = this.#options;
    const { target } = order;
    const deadline = target.kind === 'interaction' ? target.createdAt + TOKEN_LIFE_MS : undefined;
    return conversation.accept<DiscordReply>('discord', {
      id: jobId(reply.group, reply.part),
      user: userOf(order.userId),
      locale: order.locale,
      style: order.style,
      ...(order.format ? { format: order.format } : {}),
      maxBytes: Math.min(MAX_BYTES, order.fileLimit ?? MAX_BYTES),
      // A dead token is no reason to refuse what the queue has already.
      ...(deadline !== undefined && deadline > now() ? { expiresAt: deadline, maxWaitMs: MAX_WAIT_MS } : {}),
      reply,
      announcedBytes: 'url' in picture ? picture.size : undefined,
      fetch: (signal) => this.#fetch(reply, picture, signal),
    });
  }

  async #fetch(reply: DiscordReply, picture: Wanted, signal: AbortSignal): Promise<Uint8Array> {
    const { media, sources, logger } = this.#options;
    const { source, part } = reply;
    if ('kept' in picture) {
      const kept = source === undefined ? undefined : await sources.get(source, picture.kept);
      if (!kept) throw new DctoonError('download_failed', 'the original was deleted meanwhile');
      return kept;
    }
    const photo = await media.fetch(picture, signal);
    if (source !== undefined) {
      // Only comfort depends on it: a full disk must not cost the cartoon.
      await sources.put(source, part, photo).catch((error: unknown) => {
        logger.warn({ job: jobId(reply.group, part), err: error }, 'discord original not kept');
      });
    }
    return photo;
  }

  async #refuse(
    order: AlbumRequest,
    reply: DiscordReply,
    error: DctoonError,
  ): Promise<'refused' | 'stopping'> {
    const { conversation, replies, logger } = this.#options;
    const job = jobId(reply.group, reply.part);
    if (error.fault === 'ours') logger.error({ job, err: error }, 'discord photo not accepted');
    else logger.info({ job, code: error.code }, 'discord photo refused');
    const style = order.style ?? conversation.styleOf(userOf(order.userId));
    try {
      // It rejects only where another try may help.
      const say = () => replies.fail({ locale: order.locale, style }, reply, error);
      await retry(say, { signal: this.#stop.signal });
    } catch (failure) {
      if (this.#stop.signal.aborted) return 'stopping';
      logger.warn({ job, err: failure }, 'discord refusal not delivered');
    }
    return 'refused';
  }
}

/** The reply target of every picture. */
function repliesOf(order: AlbumRequest): DiscordReply[] {
  const { id, userId, guildId, target, source, pictures } = order;
  return pictures.map((picture, part) => ({
    group: `dc-${id}`,
    part,
    parts: pictures.length,
    userId,
    ...(guildId === undefined ? {} : { guildId }),
    target,
    spoiler: picture.spoiler,
    ...('alt' in picture && picture.alt ? { alt: picture.alt } : {}),
    ...(source === undefined ? {} : { source }),
  }));
}
