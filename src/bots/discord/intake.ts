/** Takes pictures in: one group, one job per picture, one shared reply. */
import { DctoonError } from '../../errors.ts';
import type { ImageFormat } from '../../inference/types.ts';
import type { Logger } from '../../logger.ts';
import type { Ticket } from '../../queue/types.ts';
import type { Locale } from '../../texts/index.ts';
import type { Conversation } from '../conversation/types.ts';
import type { Quota } from './quota.ts';
import { jobId, laneOf, type Replies } from './replies.ts';
import type { Rush } from './rush.ts';
import type { SourceStore } from './sources.ts';
import type { DiscordReply, Target } from './types.ts';

/** A picture to be drawn: how to get it, and what is known about it. */
export interface Wanted {
  readonly fetch: (signal: AbortSignal) => Promise<Uint8Array>;
  readonly size?: number | undefined;
  readonly spoiler: boolean;
  readonly alt?: string | undefined;
}

export interface Order {
  /** Id of the interaction or message: the idempotency key. */
  readonly id: string;
  readonly userId: string;
  readonly guildId?: string | undefined;
  readonly locale: Locale;
  readonly target: Target;
  readonly pictures: readonly Wanted[];
  readonly style?: string | undefined;
  readonly format?: ImageFormat | undefined;
  /** Upper bound Discord names for files of this person and place. */
  readonly fileLimit?: number | undefined;
  /** Originals that are kept already ("another style"). */
  readonly source?: string | undefined;
}

export interface IntakeOptions {
  readonly conversation: Conversation;
  readonly replies: Replies;
  readonly sources: SourceStore;
  readonly userQuota: Quota;
  readonly guildQuota: Quota;
  readonly rush: Rush;
  readonly logger: Logger;
}

/** Every server and client takes this much, whatever its tier and whichever month it is. */
const MAX_BYTES = 8 * 1024 * 1024;
/** The token dies at 15 minutes; half a minute is left for the upload. */
const TOKEN_LIFE_MS = 14.5 * 60_000;
/** Whoever would have to wait longer is told so at once (issue 5). */
const MAX_WAIT_MS = 12 * 60_000;

export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
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

  /** Submits the pictures one after the other. Whatever goes wrong is said in the reply; never rejects. */
  async take(order: Order): Promise<void> {
    const { conversation, replies, sources, rush } = this.#options;
    // The photo of a message can be read again as long as the message is there.
    const isRecoverable = sources.keeps || order.target.kind === 'message';
    const source = order.source ?? (isRecoverable ? sources.newRef() : undefined);
    const common = {
      group: `dc-${order.id}`,
      parts: order.pictures.length,
      userId: order.userId,
      ...(order.guildId ? { guildId: order.guildId } : {}),
      target: order.target,
      ...(source ? { source } : {}),
    };
    const targets = order.pictures.map(
      (picture, part): DiscordReply => ({
        ...common,
        part,
        spoiler: picture.spoiler,
        ...(picture.alt ? { alt: picture.alt } : {}),
      }),
    );
    const [first] = targets;
    // A message that the gateway replays after a resume is in work already.
    if (!first || replies.isLive(common.group)) return;
    const group = replies.begin(first);
    await rush.over();
    for (const [part, picture] of order.pictures.entries()) {
      const reply = targets[part] ?? first;
      if (group.isOver) break;
      try {
        if (group.isCancelled) throw new DctoonError('cancelled');
        const { duplicate } = await this.#submit(order, reply, picture);
        if (duplicate) return replies.forget(common.group);
        await group.accepted(part);
        if (group.isCancelled) await conversation.cancel(jobId(reply.group, part), laneOf(order.userId));
      } catch (thrown) {
        await this.#refuse(order, reply, thrown);
      }
    }
  }

  async #submit(order: Order, reply: DiscordReply, picture: Wanted): Promise<Ticket> {
    const { conversation, sources } = this.#options;
    const { target } = order;
    const job = jobId(reply.group, reply.part);
    return conversation.accept<DiscordReply>('discord', {
      id: job,
      lane: laneOf(order.userId),
      locale: order.locale,
      style: order.style,
      ...(order.format ? { format: order.format } : {}),
      maxBytes: Math.min(MAX_BYTES, order.fileLimit ?? MAX_BYTES),
      ...(target.kind === 'interaction'
        ? { expiresAt: target.createdAt + TOKEN_LIFE_MS, maxWaitMs: MAX_WAIT_MS }
        : {}),
      reply,
      announcedBytes: picture.size,
      fetch: async (signal) => {
        const photo = await picture.fetch(signal);
        if (reply.source && reply.source !== order.source) {
          // Only comfort depends on it: a full disk must not cost the cartoon.
          await sources.put(reply.source, reply.part, photo).catch((error: unknown) => {
            this.#options.logger.warn({ job, err: error }, 'discord original not kept');
          });
        }
        return photo;
      },
    });
  }

  async #refuse(order: Order, reply: DiscordReply, thrown: unknown): Promise<void> {
    const { conversation, replies, logger } = this.#options;
    const error = DctoonError.from(thrown);
    const job = jobId(reply.group, reply.part);
    if (error.fault === 'ours') logger.error({ job, err: error }, 'discord photo not accepted');
    else logger.info({ job, code: error.code }, 'discord photo refused');
    const style = order.style ?? conversation.styleOf(laneOf(order.userId));
    await replies.fail({ locale: order.locale, style }, reply, error).catch((failure: unknown) => {
      logger.warn({ job, err: failure }, 'discord refusal not delivered');
    });
  }
}
