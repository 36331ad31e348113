/**
 * Publishes the pictures of a reply, and does what can be done when Discord refuses one. To be called by one task at a
 * time, see `reply-group.ts`.
 */
import type { Style } from '../../../inference/types.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { DctoonError } from '../../../shared/errors.ts';
import { createTexts, localeOf } from '../../../texts/index.ts';
import type { Status } from '../../conversation/types.ts';
import type { DiscordApi } from '../api.ts';
import { type ErrorKind, errorKind, loggable, sanitized } from '../errors.ts';
import type { DiscordReply } from '../types.ts';
import { type RenderContext, type RenderedPicture, resultDraft, statusDraft } from './drafts.ts';
import { missingText, NO_MENTIONS } from './render.ts';
import type { ReplyState } from './reply-state.ts';
import type { GroupState, Reason } from './reply-store.ts';
import { ReplyWriter } from './reply-writer.ts';
import { shrink } from './shrink.ts';

export interface ReplyContext {
  readonly api: DiscordApi;
  readonly styles: readonly Style[];
  readonly logger: Logger;
  readonly now: () => number;
  readonly save: (state: GroupState) => Promise<void>;
  /** The reply is gone: the jobs that are still open need no work. */
  readonly cancel: (reply: DiscordReply, part: number) => void;
  /** A part ended, with or without a picture. */
  readonly settled: (reply: DiscordReply, part: number, ok: boolean) => void;
}

/** What people read when Discord does not take their cartoon. */
const REASONS: Partial<Record<ErrorKind, Reason>> = {
  too_large: 'delivery_too_large',
  auto_mod: 'delivery_auto_mod',
  forbidden: 'no_permission',
};

export class ReplyPublisher {
  readonly #context: ReplyContext;
  readonly #reply: DiscordReply;
  readonly #state: ReplyState;
  readonly #writer: ReplyWriter;
  readonly #hints = new Set<string>();
  /** Whether this process knows what the message shows; not so after a restart. */
  #knowsMessage: boolean;

  constructor(
    context: ReplyContext,
    reply: DiscordReply,
    state: ReplyState,
    { knowsMessage }: { readonly knowsMessage: boolean },
  ) {
    this.#context = context;
    this.#reply = reply;
    this.#state = state;
    this.#knowsMessage = knowsMessage;
    const { api, now } = context;
    this.#writer = new ReplyWriter({ api, reply, state: state.data, save: () => this.#save(), now });
  }

  /** A one-time remark beside the pictures. */
  addHint(hint: string): void {
    this.#hints.add(hint);
  }

  /** Resolves when people see the pictures or never can. @throws an error without secrets when another try may help */
  async publish(batch: readonly RenderedPicture[]): Promise<void> {
    const context = batch[0]?.context;
    if (!context || this.#state.isOver) return;
    await this.#look();
    if (this.#state.isOver) return;
    // After a crash a picture may be on the message although its job never heard of it.
    const pictures = batch.filter(({ reply }) => this.#state.isOpen(reply.part));
    if (pictures.length === 0) return this.#finish(context);
    try {
      this.#state.adopt(await this.#writer.write(() => this.#draft(context, pictures)));
    } catch (error) {
      return this.#handleRefusal(error, pictures, context);
    }
    for (const { reply } of pictures) this.#context.settled(reply, reply.part, true);
    this.#state.data.closed = this.#state.open.length === 0;
    await this.#save();
  }

  /** Settles a part without a picture. @throws an error without secrets when another try may help */
  async fail(
    context: RenderContext,
    part: number,
    { code, details }: Pick<DctoonError, 'code' | 'details'>,
  ): Promise<void> {
    await this.#look();
    await this.#settleWithout([part], code, details);
    await this.#finish(context);
  }

  /** A status is a courtesy: what goes wrong with it is no error. */
  async showStatus(context: RenderContext, status: Status): Promise<void> {
    try {
      const draft = () => statusDraft(this.#state.data, context, status);
      this.#state.adopt(await this.#writer.write(draft, { mayMove: false }));
    } catch (error) {
      if (errorKind(error) === 'gone') await this.#abandon();
      else this.#context.logger.debug(loggable(error), 'discord status not shown');
    }
  }

  /** A picture was refused: what can be done about it, by the kind of the error. */
  async #handleRefusal(
    error: unknown,
    pictures: readonly RenderedPicture[],
    context: RenderContext,
  ): Promise<void> {
    const kind = this.#refusalKind(error, 'discord refused a picture');
    if (kind === 'gone' || kind === 'expired' || kind === 'closed') return this.#abandon();
    const [only, ...others] = pictures;
    if (kind === 'too_large' && others.length > 0) {
      for (const picture of pictures) await this.publish([picture]);
      return;
    }
    if (kind === 'too_large' && only && !only.shrunk) {
      const bytes = await shrink(only.file.bytes);
      const file = { name: only.file.name.replace(/png$/, 'jpg'), bytes };
      return this.publish([{ ...only, file, shrunk: true }]);
    }
    const parts = pictures.map(({ reply }) => reply.part);
    await this.#settleWithout(parts, REASONS[kind] ?? 'delivery_failed', {});
    await this.#finish(context);
  }

  async #settleWithout(
    parts: readonly number[],
    reason: Reason,
    details: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    for (const part of parts) {
      if (this.#state.fail(part, reason, details)) this.#context.settled(this.#reply, part, false);
    }
    await this.#save();
  }

  /** The last edit, when the last part ended without a picture of its own. */
  async #finish(context: RenderContext): Promise<void> {
    if (this.#state.isOver || this.#state.open.length > 0) return;
    try {
      this.#state.adopt(await this.#writer.write(() => this.#draft(context, [])));
    } catch (error) {
      const kind = this.#refusalKind(error, 'discord refused a text');
      if (kind === 'forbidden') await this.#tellPrivately(missingText(createTexts(localeOf(context.locale))));
      return this.#abandon();
    }
    this.#state.data.closed = true;
    await this.#save();
  }

  /** Permissions are missing where the answer belongs: the requester alone is told. */
  async #tellPrivately(text: string): Promise<void> {
    const { api, logger } = this.#context;
    const { target, userId } = this.#reply;
    try {
      if (target.kind === 'interaction') await api.sendEphemeral(target, text);
      else await api.send(await api.openDm(userId), { content: text, allowed_mentions: NO_MENTIONS });
    } catch (error) {
      logger.debug(loggable(error), 'discord user could not be told');
    }
  }

  /** Nobody can be answered here any more. */
  async #abandon(): Promise<void> {
    this.#state.data.gone = true;
    await this.#save();
    for (const part of this.#state.open) {
      this.#context.settled(this.#reply, part, false);
      this.#context.cancel(this.#reply, part);
    }
  }

  /** After a restart: finds out which pictures are on the message already. */
  async #look(): Promise<void> {
    if (this.#knowsMessage) return;
    try {
      const message = await this.#writer.current();
      if (message) this.#state.adopt(message);
    } catch (error) {
      const kind = errorKind(error);
      if (kind === 'gone') return this.#abandon();
      if (kind === 'retry') throw sanitized(error);
    }
    this.#knowsMessage = true;
  }

  /** @returns the kind of a refusal, which is logged. @throws an error that another try may mend, without secrets */
  #refusalKind(error: unknown, message: string): ErrorKind {
    const kind = errorKind(error);
    if (kind === 'retry') throw sanitized(error);
    this.#context.logger.info({ ...loggable(error), kind, group: this.#reply.group }, message);
    return kind;
  }

  #draft(context: RenderContext, pictures: readonly RenderedPicture[]) {
    return resultDraft({
      state: this.#state.data,
      reply: this.#reply,
      context,
      pictures,
      styles: this.#context.styles,
      hints: [...this.#hints],
    });
  }

  async #save(): Promise<void> {
    await this.#context.save(this.#state.data);
  }
}
