/**
 * One reply on Discord and the pictures that belong to it. All writing to the reply goes through here, one edit at a
 * time: pictures join it as they are ready (several at once if they are), the last one brings the final form.
 */

import type { Cartoon, Style } from '../../../inference/types.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { DctoonError } from '../../../shared/errors.ts';
import { createTexts, localeOf } from '../../../texts/index.ts';
import type { Status } from '../../conversation/types.ts';
import type { DiscordApi } from '../api.ts';
import { errorKind, loggable, sanitized } from '../errors.ts';
import type { DiscordReply } from '../types.ts';
import { pictureOf, type RenderContext, type RenderedPicture, resultDraft, statusDraft } from './drafts.ts';
import { missingText, NO_MENTIONS } from './render.ts';
import { ReplyState } from './reply-state.ts';
import type { GroupState, Reason } from './reply-store.ts';
import { ReplyWriter } from './reply-writer.ts';
import { shrink } from './shrink.ts';

export interface GroupContext {
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

interface Arrival extends RenderedPicture {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Between two status edits. */
const STATUS_EVERY_MS = 3000;
/** Discord takes 25 MiB a request. */
const MAX_BATCH_BYTES = 24 * 1024 * 1024;

export class ReplyGroup {
  readonly #context: GroupContext;
  readonly #reply: DiscordReply;
  readonly #state: ReplyState;
  readonly #writer: ReplyWriter;
  readonly #hints = new Set<string>();
  readonly #arrivals: Arrival[] = [];
  #chain: Promise<unknown> = Promise.resolve();
  #lastStatus = Number.NEGATIVE_INFINITY;
  /** Whether this process knows what the message shows; not so after a restart. */
  #knowsMessage: boolean;

  /**
   * @param origin `new`: this process has just acknowledged the order; `resumed`: another one has, and this one has the
   *   order; `found`: only jobs of it are left
   */
  constructor(
    context: GroupContext,
    reply: DiscordReply,
    state: GroupState,
    origin: 'new' | 'resumed' | 'found',
  ) {
    this.#context = context;
    this.#reply = reply;
    this.#state = new ReplyState(state, origin !== 'found');
    this.#knowsMessage = origin === 'new';
    this.begunAt = context.now();
    this.#writer = new ReplyWriter({
      api: context.api,
      reply,
      state,
      save: () => this.#save(),
      now: context.now,
    });
  }

  /** Epoch ms since which this process knows the reply. */
  readonly begunAt: number;
  /** The requester wants no more; photos that are still being fetched need not be submitted. */
  isCancelled = false;

  /** Nothing more will be written. */
  get isOver(): boolean {
    return this.#state.isOver;
  }

  get userId(): string {
    return this.#state.data.userId;
  }

  /** A photo is in the queue. */
  async accepted(part: number): Promise<void> {
    // A single picture has no state worth writing down before its end.
    if (this.#state.accept(part) && this.#reply.parts > 1) await this.#save();
  }

  /** Adds a picture. Resolves when people see it or never can; rejects when another try may help. */
  async deliver(voice: RenderContext, reply: DiscordReply, cartoon: Cartoon, hint?: string): Promise<void> {
    this.#state.claim(reply.part);
    if (this.isOver) return;
    if (hint) this.#hints.add(hint);
    await new Promise<void>((resolve, reject) => {
      this.#arrivals.push({ ...pictureOf(voice, reply, cartoon), resolve, reject });
      void this.#exclusively(() => this.#flush());
    });
  }

  /** Settles a part without a picture; what there is to say about it comes with the last part. */
  async fail(
    voice: RenderContext,
    reply: DiscordReply,
    error: Pick<DctoonError, 'code' | 'details'>,
  ): Promise<void> {
    this.#state.claim(reply.part);
    if (this.isOver) return;
    await this.#exclusively(async () => {
      await this.#look();
      await this.#settleWithout([reply.part], error.code, error.details);
      await this.#finish(voice);
    });
  }

  /** Shows where the group stands: at most every 3 s, for its first unfinished picture, never after the answer. */
  async showStatus(voice: RenderContext, reply: DiscordReply, status: Status): Promise<void> {
    const { now, logger } = this.#context;
    this.#state.claim(reply.part);
    const concerns = () => this.#state.open[0] === reply.part && !this.isOver && this.#arrivals.length === 0;
    if (!concerns()) return;
    if (status.kind !== 'restarting' && now() - this.#lastStatus < STATUS_EVERY_MS) return;
    this.#lastStatus = now();
    await this.#exclusively(async () => {
      if (!concerns()) return;
      try {
        const draft = () => statusDraft(this.#state.data, voice, status);
        this.#state.adopt(await this.#writer.write(draft, { mayMove: false }));
      } catch (error) {
        if (errorKind(error) === 'gone') await this.#abandon();
        else logger.debug(loggable(error), 'discord status not shown');
      }
    });
  }

  async #flush(): Promise<void> {
    for (let batch = this.#nextBatch(); batch.length > 0; batch = this.#nextBatch()) {
      try {
        await this.#publish(batch);
        for (const arrival of batch) arrival.resolve();
      } catch (error) {
        for (const arrival of batch) arrival.reject(error);
      }
    }
  }

  /** What has arrived, as much as one request may carry. */
  #nextBatch(): Arrival[] {
    let bytes = 0;
    let count = 0;
    for (const { file } of this.#arrivals) {
      bytes += file.bytes.length;
      if (count > 0 && bytes > MAX_BATCH_BYTES) break;
      count += 1;
    }
    return this.#arrivals.splice(0, count);
  }

  async #publish(batch: readonly RenderedPicture[]): Promise<void> {
    const voice = batch[0]?.voice;
    if (!voice || this.isOver) return;
    await this.#look();
    if (this.isOver) return;
    // After a crash a picture may be on the message although its job never heard of it.
    const pictures = batch.filter(({ reply }) => this.#state.isOpen(reply.part));
    if (pictures.length === 0) return this.#finish(voice);
    try {
      this.#state.adopt(await this.#writer.write(() => this.#draft(voice, pictures)));
    } catch (error) {
      return this.#cope(error, pictures, voice);
    }
    for (const { reply } of pictures) this.#context.settled(reply, reply.part, true);
    this.#state.data.closed = this.#state.open.length === 0;
    await this.#save();
  }

  /** A picture was refused: what can be done about it, by Discord's error code. */
  async #cope(error: unknown, pictures: readonly RenderedPicture[], voice: RenderContext): Promise<void> {
    const parts = pictures.map((picture) => picture.reply.part);
    const trouble = errorKind(error);
    if (trouble === 'retry') throw sanitized(error);
    this.#context.logger.info(
      { ...loggable(error), trouble, group: this.#reply.group },
      'discord refused a picture',
    );
    if (trouble === 'gone' || trouble === 'expired' || trouble === 'closed') return this.#abandon();
    if (trouble === 'too_large') {
      const [picture] = pictures;
      if (pictures.length > 1 || !picture) {
        for (const one of pictures) await this.#publish([one]);
        return;
      }
      if (!picture.shrunk) {
        const file = {
          name: picture.file.name.replace(/png$/, 'jpg'),
          bytes: await shrink(picture.file.bytes),
        };
        return this.#publish([{ ...picture, file, shrunk: true }]);
      }
    }
    const reasons: Partial<Record<typeof trouble, Reason>> = {
      too_large: 'delivery_too_large',
      auto_mod: 'delivery_auto_mod',
      forbidden: 'no_permission',
    };
    await this.#settleWithout(parts, reasons[trouble] ?? 'delivery_failed', {});
    await this.#finish(voice);
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
  async #finish(voice: RenderContext): Promise<void> {
    if (this.isOver || this.#state.open.length > 0) return;
    try {
      this.#state.adopt(await this.#writer.write(() => this.#draft(voice, [])));
    } catch (error) {
      const trouble = errorKind(error);
      if (trouble === 'retry') throw sanitized(error);
      this.#context.logger.info(
        { ...loggable(error), trouble, group: this.#reply.group },
        'discord refused a text',
      );
      if (trouble === 'forbidden')
        await this.#tellPrivately(missingText(createTexts(localeOf(voice.locale))));
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
      if (target.kind === 'interaction') await api.whisper(target, text);
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
      const trouble = errorKind(error);
      if (trouble === 'gone') return this.#abandon();
      if (trouble === 'retry') throw sanitized(error);
    }
    this.#knowsMessage = true;
  }

  #draft(voice: RenderContext, pictures: readonly RenderedPicture[]) {
    const { styles } = this.#context;
    return resultDraft({
      state: this.#state.data,
      reply: this.#reply,
      voice,
      pictures,
      styles,
      hints: [...this.#hints],
    });
  }

  async #save(): Promise<void> {
    await this.#context.save(this.#state.data);
  }

  /** One writer at a time; a failed task does not hold up the next. */
  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#chain.then(task);
    this.#chain = run.catch(() => {});
    return run;
  }
}
