/** Gives the outcome of each job to the reply it belongs to. */

import { LRUCache } from 'lru-cache';
import { notesOf } from '../../../inference/notes.ts';
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
import { type Origin, ReplyGroup } from './reply-group.ts';
import type { ReplyContext } from './reply-publisher.ts';
import { newGroupState, type ReplyStore } from './reply-store.ts';

export interface DiscordMessengerOptions {
  readonly api: DiscordApi;
  readonly conversation: Conversation;
  readonly replyStore: ReplyStore;
  readonly originals: OriginalStore;
  readonly logger: Logger;
  readonly now: () => number;
  /** A picture did not come: whatever it cost is given back. */
  readonly refund: (reply: DiscordReply) => void;
}

/** Nobody waits longer for a cartoon. */
const LONGEST_LIFE_MS = 6 * 60 * 60_000;
/** Far more than the queue holds. */
const MAX_LIVE = 20_000;

export function jobId(group: string, part: number): string {
  return `${group}-${part}`;
}

export function userOf(userId: string): string {
  return `dc-${userId}`;
}

export class DiscordMessenger implements Messenger<DiscordReply> {
  readonly platform = 'discord';
  readonly #options: DiscordMessengerOptions;
  readonly #context: ReplyContext;
  /** Replies that are written to, by group. What is needed of the others is on the disk. */
  readonly #live: LRUCache<string, Promise<ReplyGroup>>;
  /** Replies of which nothing may be written down any more, by group. */
  readonly #forgotten: LRUCache<string, true>;

  constructor(options: DiscordMessengerOptions) {
    this.#options = options;
    const { api, conversation, replyStore, originals, logger, now, refund } = options;
    this.#live = new LRUCache({ max: MAX_LIVE, ttl: LONGEST_LIFE_MS, perf: { now } });
    this.#forgotten = new LRUCache({ max: MAX_LIVE, ttl: LONGEST_LIFE_MS, perf: { now } });
    this.#context = {
      api,
      styles: conversation.styles,
      logger,
      now,
      // A full disk costs the memory of this reply over a restart, never the answer.
      save: async (state) => {
        if (this.#forgotten.has(state.id)) return;
        await replyStore
          .save(state)
          .catch((error: unknown) => logger.warn({ err: error }, 'discord reply not remembered'));
        // Forgotten while it was written.
        if (this.#forgotten.has(state.id)) await replyStore.delete(state.id);
      },
      cancel: (reply, part) => {
        conversation
          .cancel(jobId(reply.group, part), userOf(reply.userId))
          .catch((error: unknown) => logger.warn({ err: error }, 'discord job not cancelled'));
      },
      settled: (reply, part, ok) => {
        if (!ok) refund(reply);
        if (reply.source) void originals.answered(reply.source, part);
      },
    };
  }

  /** Starts a reply that this process has just acknowledged. */
  begin(reply: DiscordReply): ReplyGroup {
    const group = new ReplyGroup(this.#context, reply, newGroupState(reply), 'new');
    this.#live.set(reply.group, Promise.resolve(group));
    return group;
  }

  /** The reply to a request of the last process, which may have jobs already, and pictures. */
  resume(reply: DiscordReply): Promise<ReplyGroup> {
    return this.#group(reply, 'resumed');
  }

  /** This request was answered before; nothing more comes. */
  forget(groupId: string): void {
    this.#live.delete(groupId);
  }

  /**
   * Nothing is remembered of the replies to a person from now on, and pictures of theirs that are not submitted yet are
   * cancelled.
   */
  async forgetUser(userId: string): Promise<void> {
    for (const [id, loading] of [...this.#live.entries()]) {
      const group = await loading;
      if (group.userId !== userId) continue;
      group.isCancelled = true;
      this.#forgotten.set(id, true);
    }
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
    return (await this.#live.get(groupId))?.userId ?? (await this.#options.replyStore.load(groupId))?.userId;
  }

  async showStatus(job: Job, reply: DiscordReply, status: Status): Promise<DiscordReply> {
    await (await this.#group(reply)).showStatus(job, reply, status);
    return reply;
  }

  async deliver(job: Job, reply: DiscordReply, cartoon: Cartoon): Promise<void> {
    const { conversation } = this.#options;
    const texts = createTexts(localeOf(job.locale));
    const hints = notesOf(cartoon, texts);
    if (cartoon.faces === 0 && (await conversation.firstTime(job.user, 'no_face')))
      hints.push(texts.result.noFace);
    await this.#with(reply, (group) => group.deliver(job, reply, cartoon, hints.join('\n') || undefined));
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

  #group(reply: DiscordReply, origin: Origin = 'found'): Promise<ReplyGroup> {
    const live = this.#live.get(reply.group);
    if (live) return live;
    const loading = this.#load(reply, origin);
    this.#live.set(reply.group, loading);
    return loading;
  }

  async #load(reply: DiscordReply, origin: Origin): Promise<ReplyGroup> {
    const state = (await this.#options.replyStore.load(reply.group)) ?? newGroupState(reply);
    return new ReplyGroup(this.#context, reply, state, origin);
  }
}
