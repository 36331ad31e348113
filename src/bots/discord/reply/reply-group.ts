/**
 * One reply on Discord and the pictures that belong to it. All writing to the reply goes through here, one edit at a
 * time: pictures join it as they are ready (several at once if they are), the last one brings the final form.
 */
import type { Cartoon } from '../../../inference/types.ts';
import type { DctoonError } from '../../../shared/errors.ts';
import { Serial } from '../../../shared/serial.ts';
import type { Status } from '../../conversation/types.ts';
import type { DiscordReply } from '../types.ts';
import { pictureOf, type RenderContext, type RenderedPicture } from './drafts.ts';
import { type ReplyContext, ReplyPublisher } from './reply-publisher.ts';
import { ReplyState } from './reply-state.ts';
import type { GroupState } from './reply-store.ts';

/**
 * `new`: this process has just acknowledged the request. `resumed`: another one has, and this one has the request.
 * `found`: only jobs of it are left.
 */
export type Origin = 'new' | 'resumed' | 'found';

/** A picture that waits to be published. */
interface Arrival {
  readonly picture: RenderedPicture;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Between two status edits. */
const STATUS_EVERY_MS = 3000;
/** Discord takes 25 MiB a request. */
const MAX_BATCH_BYTES = 24 * 1024 * 1024;

export class ReplyGroup {
  readonly #context: ReplyContext;
  readonly #reply: DiscordReply;
  readonly #state: ReplyState;
  readonly #publisher: ReplyPublisher;
  readonly #edits = new Serial();
  readonly #arrivals: Arrival[] = [];
  #lastStatus = Number.NEGATIVE_INFINITY;

  constructor(context: ReplyContext, reply: DiscordReply, state: GroupState, origin: Origin) {
    this.#context = context;
    this.#reply = reply;
    this.#state = new ReplyState(state, origin !== 'found');
    this.#publisher = new ReplyPublisher(context, reply, this.#state, { knowsMessage: origin === 'new' });
  }

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
    if (this.#state.accept(part) && this.#reply.parts > 1) await this.#context.save(this.#state.data);
  }

  /** Adds a picture. Resolves when people see it or never can; rejects when another try may help. */
  async deliver(context: RenderContext, reply: DiscordReply, cartoon: Cartoon, hint?: string): Promise<void> {
    this.#state.claim(reply.part);
    if (this.isOver) return;
    if (hint) this.#publisher.addHint(hint);
    await new Promise<void>((resolve, reject) => {
      this.#arrivals.push({ picture: pictureOf(context, reply, cartoon), resolve, reject });
      void this.#edits.run(() => this.#flush());
    });
  }

  /** Settles a part without a picture; what there is to say about it comes with the last part. */
  async fail(
    context: RenderContext,
    reply: DiscordReply,
    error: Pick<DctoonError, 'code' | 'details'>,
  ): Promise<void> {
    this.#state.claim(reply.part);
    if (this.isOver) return;
    await this.#edits.run(() => this.#publisher.fail(context, reply.part, error));
  }

  /** Shows where the group stands: at most every 3 s, for its first unfinished picture, never after the answer. */
  async showStatus(context: RenderContext, reply: DiscordReply, status: Status): Promise<void> {
    const { now } = this.#context;
    this.#state.claim(reply.part);
    const concerns = () => this.#state.open[0] === reply.part && !this.isOver && this.#arrivals.length === 0;
    if (!concerns()) return;
    if (status.kind !== 'restarting' && now() - this.#lastStatus < STATUS_EVERY_MS) return;
    this.#lastStatus = now();
    await this.#edits.run(async () => {
      if (concerns()) await this.#publisher.showStatus(context, status);
    });
  }

  async #flush(): Promise<void> {
    for (let batch = this.#nextBatch(); batch.length > 0; batch = this.#nextBatch()) {
      try {
        await this.#publisher.publish(batch.map(({ picture }) => picture));
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
    for (const { picture } of this.#arrivals) {
      bytes += picture.file.bytes.length;
      if (count > 0 && bytes > MAX_BATCH_BYTES) break;
      count += 1;
    }
    return this.#arrivals.splice(0, count);
  }
}
