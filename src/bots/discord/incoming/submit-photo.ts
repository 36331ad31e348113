/** From a picture to a job in the queue, or to the sentence that says why not. */
import type { Logger } from '../../../observability/logger.ts';
import type { Submission } from '../../../queue/types.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { retry } from '../../../shared/retry.ts';
import type { Conversation } from '../../conversation/types.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import type { OriginalStore } from '../originals/original-store.ts';
import { type DiscordMessenger, jobId, userOf } from '../reply/messenger.ts';
import type { ReplyGroup } from '../reply/reply-group.ts';
import type { DiscordReply } from '../types.ts';
import { type AlbumRequest, deadlineOf, isTokenAlive, type Wanted } from './album-request.ts';

export interface PhotoSubmitterOptions {
  readonly conversation: Conversation;
  readonly media: FileDownloader;
  readonly messenger: DiscordMessenger;
  readonly originals: OriginalStore;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * `queued`: the queue has it. `known`: the queue had it before, or it was answered before. `refused`: that was said.
 * `stopping`: nothing was said, the next process has to take it up.
 */
export type SubmitOutcome = 'queued' | 'known' | 'refused' | 'stopping';

/** Every server and client takes this much, whatever its tier and whichever month it is. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Whoever would have to wait longer is told so at once, because an interaction ends after 15 minutes. */
const MAX_WAIT_MS = 12 * 60_000;

export class PhotoSubmitter {
  readonly #options: PhotoSubmitterOptions;
  readonly #stop = new AbortController();

  constructor(options: PhotoSubmitterOptions) {
    this.#options = options;
  }

  /** Refusals that could not be said so far are left to the next process. */
  stop(): void {
    this.#stop.abort();
  }

  /** Sees one picture of a request into the queue; never rejects. */
  async submit(
    request: AlbumRequest,
    group: ReplyGroup,
    picture: Wanted,
    reply: DiscordReply,
  ): Promise<SubmitOutcome> {
    const { conversation, now } = this.#options;
    const { target, userId } = request;
    const job = jobId(reply.group, reply.part);
    const refuse = (error: DctoonError) => this.#refuse(request, reply, error);
    try {
      if (group.isCancelled) return await refuse(new DctoonError('cancelled'));
      const isDead = target.kind === 'interaction' && !isTokenAlive(target, now());
      if (isDead && !(await conversation.known(job))) return await refuse(new DctoonError('expired'));
      const { duplicate } = await this.#accept(request, reply, picture);
      await group.accepted(reply.part);
      if (group.isCancelled) await conversation.cancel(job, userOf(userId));
      return duplicate ? 'known' : 'queued';
    } catch (thrown) {
      const error = DctoonError.from(thrown);
      return error.code === 'shutting_down' ? 'stopping' : refuse(error);
    }
  }

  #accept(request: AlbumRequest, reply: DiscordReply, picture: Wanted): Promise<Submission> {
    const { conversation, now } = this.#options;
    const { target } = request;
    return conversation.accept<DiscordReply>('discord', {
      id: jobId(reply.group, reply.part),
      user: userOf(request.userId),
      locale: request.locale,
      style: request.style,
      strength: request.strength,
      as: request.as,
      ...(request.format ? { format: request.format } : {}),
      maxBytes: Math.min(MAX_BYTES, request.fileLimit ?? MAX_BYTES),
      // A dead token is no reason to refuse what the queue has already.
      ...(target.kind === 'interaction' && isTokenAlive(target, now())
        ? { expiresAt: deadlineOf(target), maxWaitMs: MAX_WAIT_MS }
        : {}),
      reply,
      announcedBytes: 'url' in picture ? picture.size : undefined,
      fetch: (signal) => this.#fetch(reply, picture, signal),
    });
  }

  async #fetch(reply: DiscordReply, picture: Wanted, signal: AbortSignal): Promise<Uint8Array> {
    const { media, originals, logger } = this.#options;
    const { source, part } = reply;
    if ('kept' in picture) {
      const kept = source === undefined ? undefined : await originals.get(source, picture.kept);
      if (!kept) throw new DctoonError('download_failed', 'the original was deleted meanwhile');
      return kept;
    }
    const photo = await media.fetch(picture, signal);
    if (source !== undefined) {
      // Only comfort depends on it: a full disk must not cost the cartoon.
      await originals.put(source, part, photo).catch((error: unknown) => {
        logger.warn({ job: jobId(reply.group, part), err: error }, 'discord original not kept');
      });
      // Its owner wanted everything deleted meanwhile.
      if (signal.aborted) await originals.delete(source, part);
    }
    return photo;
  }

  async #refuse(
    request: AlbumRequest,
    reply: DiscordReply,
    error: DctoonError,
  ): Promise<'refused' | 'stopping'> {
    const { conversation, messenger, logger } = this.#options;
    const job = jobId(reply.group, reply.part);
    if (error.fault === 'ours') logger.error({ job, err: error }, 'discord photo not accepted');
    else logger.info({ job, code: error.code }, 'discord photo refused');
    const style = request.style ?? conversation.styleOf(userOf(request.userId));
    try {
      // It rejects only where another try may help.
      const say = () => messenger.fail({ locale: request.locale, style }, reply, error);
      await retry(say, { signal: this.#stop.signal });
    } catch (failure) {
      if (this.#stop.signal.aborted) return 'stopping';
      logger.warn({ job, err: failure }, 'discord refusal not delivered');
    }
    return 'refused';
  }
}
