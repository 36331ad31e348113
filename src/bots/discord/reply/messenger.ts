/** The way back: gives each job's outcome to the reply it belongs to. */

import type { Cartoon } from '../../../inference/types.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { Job } from '../../../queue/types.ts';
import type { DctoonError } from '../../../shared/errors.ts';
import { createTexts, localeOf } from '../../../texts/index.ts';
import type { Conversation, Messenger, Status } from '../../conversation/types.ts';
import type { DiscordApi } from '../api.ts';
import type { OriginalStore } from '../originals/original-store.ts';
import { type DiscordReply, MAX_PICTURES } from '../types.ts';
import type { RenderContext } from './drafts.ts';
import { type GroupContext, ReplyGroup } from './reply-group.ts';
import { newGroupState, type ReplyStore } from './reply-store.ts';

export interface DiscordMessengerOptions {
  readonly api: DiscordApi;
  readonly conversation: Conversation;
  readonly groups: ReplyStore;
  readonly sources: OriginalStore;
  readonly logger: Logger;
  readonly now: () => number;
  /** A picture did not come: whatever it cost is given back. */
  readonly refund: (reply: DiscordReply) => void;
}

/** Nobody waits longer for a cartoon. */
const LONGEST_LIFE_MS = 6 * 60 * 60_000;

export function jobId(group: string, part: number): string {
  return `${group}-${part}`;
}

export function userOf(userId: string): string {
  return `dc-${userId}`;
}

export class DiscordMessenger implements Messenger<DiscordReply> {
  readonly platform = 'discord';
  readonly #options: DiscordMessengerOptions;
  readonly #context: GroupContext;
  readonly #live = new Map<string, Promise<ReplyGroup>>();

  constructor(options: DiscordMessengerOptions) {
    this.#options = options;
    const { api, conversation, groups, sources, logger, now, refund } = options;
    this.#context = {
      api,
      styles: conversation.styles,
      logger,
      now,
      // A full disk costs the memory of this reply over a restart, never the answer.
      save: (state) =>
        groups
          .save(state)
          .catch((error: unknown) => logger.warn({ err: error }, 'discord reply not remembered')),
      cancel: (reply, part) => {
        conversation
          .cancel(jobId(reply.group, part), userOf(reply.userId))
          .catch((error: unknown) => logger.warn({ err: error }, 'discord job not cancelled'));
      },
      settled: (reply, part, ok) => {
        if (!ok) refund(reply);
        if (reply.source) void sources.answered(reply.source, part);
      },
    };
  }

  /** Starts a reply that this process has just acknowledged. */
  begin(reply: DiscordReply): ReplyGroup {
    const group = new ReplyGroup(this.#context, reply, newGroupState(reply), 'new');
    this.#live.set(reply.group, Promise.resolve(group));
    return group;
  }

  /** The reply to an order of the last process, which may have jobs already, and pictures. */
  resume(reply: DiscordReply): Promise<ReplyGroup> {
    return this.#group(reply, { isOrder: true });
  }

  /** Forgets replies whose jobs were given up by the queue. What is needed of them is on disk. */
  sweep(): void {
    for (const [id, group] of this.#live) {
      void group.then(({ begunAt }) => {
        if (this.#options.now() - begunAt > LONGEST_LIFE_MS) this.#live.delete(id);
      });
    }
  }

  isLive(groupId: string): boolean {
    return this.#live.has(groupId);
  }

  /** This order was answered before; nothing more comes. */
  forget(groupId: string): void {
    this.#live.delete(groupId);
  }

  /** Cancels whatever of a reply is not finished. @returns whether there was anything to cancel */
  async cancel(groupId: string, userId: string): Promise<boolean> {
    const group = await this.#live.get(groupId);
    if (group) group.isCancelled = true;
    const { conversation } = this.#options;
    // Jobs that do not exist are not cancelled; so nothing has to be remembered about how many there were.
    const cancelled = await Promise.all(
      Array.from({ length: MAX_PICTURES }, (_, part) =>
        conversation.cancel(jobId(groupId, part), userOf(userId)),
      ),
    );
    return cancelled.includes(true) || group?.isOver === false;
  }

  /** Whose reply this is, if that is known here. */
  async requester(groupId: string): Promise<string | undefined> {
    return (await this.#live.get(groupId))?.userId ?? (await this.#options.groups.load(groupId))?.userId;
  }

  async showStatus(job: Job, reply: DiscordReply, status: Status): Promise<DiscordReply> {
    await (await this.#group(reply)).showStatus(job, reply, status);
    return reply;
  }

  async deliver(job: Job, reply: DiscordReply, cartoon: Cartoon): Promise<void> {
    const { conversation } = this.#options;
    const isNews = cartoon.faces === 0 && (await conversation.firstTime(job.user, 'no_face'));
    const hint = isNews ? createTexts(localeOf(job.locale)).result.noFace : undefined;
    await this.#with(reply, (group) => group.deliver(job, reply, cartoon, hint));
  }

  async fail(job: RenderContext, reply: DiscordReply, error: DctoonError): Promise<void> {
    await this.#with(reply, (group) => group.fail(job, reply, error));
  }

  async #with(reply: DiscordReply, act: (group: ReplyGroup) => Promise<void>): Promise<void> {
    const group = await this.#group(reply);
    await act(group);
    // What is over is on disk; a repeated delivery finds it there.
    if (group.isOver) this.#live.delete(reply.group);
  }

  #group(reply: DiscordReply, { isOrder = false } = {}): Promise<ReplyGroup> {
    const live = this.#live.get(reply.group);
    if (live) return live;
    const loading = this.#load(reply, isOrder);
    this.#live.set(reply.group, loading);
    return loading;
  }

  async #load(reply: DiscordReply, isOrder: boolean): Promise<ReplyGroup> {
    const state = (await this.#options.groups.load(reply.group)) ?? newGroupState(reply);
    return new ReplyGroup(this.#context, reply, state, isOrder ? 'resumed' : 'found');
  }
}
