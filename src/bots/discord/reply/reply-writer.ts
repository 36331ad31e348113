/**
 * Where a reply is written to: the interaction's original reply while its token lives, else an ordinary message with
 * the bot token. Hides from the rest which of them it is.
 */
import type { APIMessage } from 'discord.js';
import { retry } from '../../../shared/retry.ts';
import type { DiscordApi, MessageBody, OutgoingFile } from '../api.ts';
import { errorKind, isUnknownWebhook } from '../errors.ts';
import type { DiscordReply } from '../types.ts';
import type { GroupState } from './reply-store.ts';

export interface Draft {
  readonly body: MessageBody;
  readonly files: readonly OutgoingFile[];
}

export interface ReplyWriterOptions {
  readonly api: DiscordApi;
  readonly reply: DiscordReply;
  readonly state: GroupState;
  readonly save: () => Promise<void>;
  readonly now: () => number;
}

/** HTTP endpoint: our first edit can overtake the response that carries the deferral. */
const DEFERRAL_ON_ITS_WAY_MS = 5000;
const DEFERRAL_RETRY_MS = 250;

export class ReplyWriter {
  readonly #options: ReplyWriterOptions;

  constructor(options: ReplyWriterOptions) {
    this.#options = options;
  }

  /** The message as Discord has it; `undefined` when there is none to look at. */
  async current(): Promise<APIMessage | undefined> {
    const { api, reply, state } = this.#options;
    if (reply.target.kind === 'interaction' && !state.detached) return api.original(reply.target);
    return state.message ? api.message(state.message.channelId, state.message.id) : undefined;
  }

  /**
   * Brings the reply into the drafted form. `compose` is called again when the reply moves to another message,
   * because the files that are already there differ.
   * @throws what the REST client throws; `errorKind` sorts it
   */
  async write(compose: () => Draft, { mayMove = true } = {}): Promise<APIMessage> {
    const { reply, state, api, save } = this.#options;
    if (reply.target.kind === 'interaction' && !state.detached) {
      try {
        return await this.#editOriginal(compose);
      } catch (error) {
        if (!mayMove || errorKind(error) !== 'expired' || !reply.target.fallback || !api.hasToken)
          throw error;
        state.detached = true;
        for (const part of state.parts) if (part.state === 'done') delete part.attachmentId;
        await save();
      }
    }
    return this.#writeMessage(compose);
  }

  async #editOriginal(compose: () => Draft): Promise<APIMessage> {
    const { api, reply, now } = this.#options;
    const { target } = reply;
    if (target.kind !== 'interaction') throw new TypeError('Expected an interaction');
    const edit = () => {
      const { body, files } = compose();
      return api.editOriginal(target, body, files);
    };
    return retry(edit, {
      attempts: Number.POSITIVE_INFINITY,
      backoffMs: () => DEFERRAL_RETRY_MS,
      isTransient: (error) => isUnknownWebhook(error) && now() - target.createdAt < DEFERRAL_ON_ITS_WAY_MS,
    });
  }

  async #writeMessage(compose: () => Draft): Promise<APIMessage> {
    const { api, state, save } = this.#options;
    if (state.message) {
      const { body, files } = compose();
      return api.edit(state.message.channelId, state.message.id, body, files);
    }
    const { body, files } = compose();
    const channelId = await this.#channel();
    const message = await this.#create(channelId, body, files);
    state.message = { channelId, id: message.id };
    await save();
    // The nonce was known: Discord gave back the message of an earlier try, which may look different.
    if (message.attachments.length >= files.length) return message;
    const again = compose();
    return api.edit(channelId, message.id, again.body, again.files);
  }

  async #create(channelId: string, body: MessageBody, files: readonly OutgoingFile[]): Promise<APIMessage> {
    const { api, reply } = this.#options;
    const { target, group } = reply;
    const content = body.content ?? '';
    const draft = {
      // In a channel the reply is out of sight of what it answers: say to whom it belongs.
      content:
        target.kind === 'message' || this.#isDm() ? content : `<@${reply.userId}> ${content}`.trimEnd(),
      ...(body.attachments ? { attachments: body.attachments } : {}),
      ...(body.components ? { components: body.components } : {}),
      ...(body.allowed_mentions ? { allowed_mentions: body.allowed_mentions } : {}),
      // Discord recognises a repeated nonce for some minutes: a lost answer does not make a second message.
      nonce: group,
      enforce_nonce: true,
    };
    if (target.kind !== 'message') return api.send(channelId, draft, files);
    const reference = { message_id: target.messageId, fail_if_not_exists: false };
    try {
      return await api.send(channelId, { ...draft, message_reference: reference }, files);
    } catch (error) {
      if (errorKind(error) !== 'no_history') throw error;
      return api.send(channelId, draft, files);
    }
  }

  #isDm(): boolean {
    const { target } = this.#options.reply;
    return target.kind === 'interaction' && target.fallback !== undefined && 'dm' in target.fallback;
  }

  async #channel(): Promise<string> {
    const { api, reply } = this.#options;
    if (reply.target.kind === 'message') return reply.target.channelId;
    const { fallback } = reply.target;
    if (!fallback) throw new TypeError('Expected a place for the answer');
    return 'channelId' in fallback ? fallback.channelId : api.openDm(reply.userId);
  }
}
