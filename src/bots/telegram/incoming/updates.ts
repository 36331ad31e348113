/**
 * Takes updates in, from polling and from the webhook alike. `receive` returns as soon as the update is on the disk,
 * so that one person's download never holds up another's message; updates of one chat keep their order. When far too
 * much is open, or the disk is full, `receive` makes the poller wait: Telegram then keeps the rest.
 *
 * An update leaves the inbox when all the work it began is done: its photos are with the queue, answered from the
 * cache, or refused. What a dead process left is handled again by the next one.
 */
import { setMaxListeners } from 'node:events';
import type { Message, Update } from 'grammy/types';
import { z } from 'zod';
import type { Logger } from '../../../observability/logger.ts';
import { OpenWork } from '../../../shared/open-work.ts';
import { retry } from '../../../shared/retry.ts';
import { SerialByKey } from '../../../shared/serial.ts';
import { within } from '../../../shared/timeout.ts';
import { Inbox } from '../../../storage/inbox.ts';
import { describe } from '../errors.ts';
import type { SentMessage } from '../types.ts';
import { requesterOf } from './reply-target.ts';

/** An update in hand: work that belongs to it, and what must be known about it after a crash. */
export interface Receipt {
  /** Adds work that nobody waits for; the update is dealt with when it is done. Its error is logged. */
  readonly later: (work: Promise<unknown>) => void;
  /** The update stays in the inbox: its work could not be done now, and will be by the next process. */
  readonly postpone: () => void;
  /** Keeps the update in the inbox for a while after it was dealt with: another one needs it to be understood. */
  readonly keepFor: (ms: number) => void;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
  /** The message that was sent as the beginning of the answer to a photo request, also by the last process. */
  readonly answerOf: (request: string) => SentMessage | undefined;
  /** Remembers that message; it is on the disk when this resolves. */
  readonly noteAnswer: (request: string, message: SentMessage) => Promise<void>;
}

export interface UpdateReceiverParts {
  /** Folder of the inbox. */
  readonly folder: string;
  readonly handle: (update: Update, receipt: Receipt) => Promise<void>;
  readonly logger: Logger;
  /** Updates and photos in progress above which the poller waits. Default 2000. */
  readonly limit?: number;
}

const sentMessageSchema = z.object({ chat: z.number(), message: z.number() });
const entrySchema = z.object({
  update: z.looseObject({ update_id: z.number().int() }),
  /** How often a process has died over it. */
  deaths: z.number().int(),
  answers: z.record(z.string(), sentMessageSchema),
  /** Epoch ms; dealt with, and only kept because other updates need it to be understood. */
  keepUntil: z.number().optional(),
});
type InboxEntry = z.infer<typeof entrySchema>;

/** An update that so many processes died over is given up: it may be what kills them. */
const MOST_DEATHS = 10;
/** For so long the file of the inbox is rewritten with every update of a person who asked for it. */
const FORGOTTEN_MS = 60_000;
/** Pause before an update that could not be written is tried again. */
const RETRY_MS = 1000;

export class UpdateReceiver {
  readonly #parts: Required<UpdateReceiverParts>;
  readonly #chats = new SerialByKey<number>();
  readonly #open = new OpenWork();
  /** Ids of polled updates that are not on the disk yet. */
  readonly #unstored = new Set<number>();
  readonly #polled = new OpenWork();
  readonly #stop = new AbortController();
  /** Who has lately asked that nothing of them is stored. */
  readonly #forgotten = new Set<number>();
  #inbox: Inbox<InboxEntry> | undefined;

  constructor(parts: UpdateReceiverParts) {
    this.#parts = { limit: 2000, ...parts };
    // Hundreds of updates may wait for a disk that is full.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Opens the inbox. */
  async load(): Promise<void> {
    const { folder, logger } = this.#parts;
    this.#inbox = await Inbox.open<InboxEntry>({
      folder,
      log: logger,
      parse: (json) => entrySchema.safeParse(json).data,
    });
  }

  /** Handles what the last process left. */
  async resume(): Promise<void> {
    const { logger } = this.#parts;
    const inbox = this.#opened();
    const left = inbox.items;
    if (left.length > 0) logger.info({ updates: left.length }, 'Telegram updates of the last process');
    const again = left.map(([id, entry]) => {
      const deaths = entry.keepUntil === undefined ? entry.deaths + 1 : entry.deaths;
      return [id, { ...entry, deaths }] as const;
    });
    await Promise.all(again.map(([id, entry]) => inbox.update(id, entry)));
    for (const [id, entry] of again) {
      if (entry.deaths >= MOST_DEATHS)
        logger.error({ update: id, deaths: entry.deaths }, 'A Telegram update was given up');
      else if (entry.keepUntil === undefined || entry.keepUntil > Date.now()) {
        this.#take(id, entry);
        continue;
      }
      inbox.remove(id);
    }
  }

  /**
   * Takes charge of an update: when this resolves, Telegram may forget it.
   * @throws when it cannot be written down
   */
  async receive(update: Update): Promise<void> {
    const id = String(update.update_id);
    while (this.#isBusy) await this.#open.oneEnds();
    const entry: InboxEntry = { update: { ...update }, deaths: 0, answers: {} };
    if (await this.#opened().put(id, entry)) this.#take(id, entry);
  }

  /** `receive` that waits as long as the disk is full: grammY would end the program over an error. */
  async #receivePatiently(update: Update): Promise<void> {
    const id = update.update_id;
    this.#unstored.add(id);
    try {
      await retry(() => this.receive(update), {
        attempts: Number.POSITIVE_INFINITY,
        backoffMs: () => RETRY_MS,
        signal: this.#stop.signal,
        onFailure: (error) => {
          this.#parts.logger.error(
            { reason: describe(error) },
            'A Telegram update could not be written down',
          );
        },
      });
      this.#unstored.delete(id);
    } catch {
      // The process stops. Not confirmed, see `confirmable`: it comes again to the next one.
    }
  }

  /** Takes an update of the poller, which has them by the hundred: they are written together, see `confirmable`. */
  poll(update: Update): void {
    void this.#polled.add(this.#receivePatiently(update));
  }

  /**
   * Resolves when everything that was polled is on the disk, to the offset up to which updates may be confirmed:
   * nothing that is not, whatever the poller says.
   */
  async confirmable(offset: number): Promise<number> {
    await this.#polled.allEnd();
    return Math.min(offset, ...this.#unstored);
  }

  get isFull(): boolean {
    return this.#isBusy || this.#opened().isFull;
  }

  /**
   * What a person has sent leaves the inbox and its file: what was only kept so that other messages are understood at once,
   * and what is still being dealt with as soon as it is.
   * @param user as `requesterOf` says
   */
  async forget(user: number): Promise<void> {
    const inbox = this.#opened();
    this.#forgotten.add(user);
    setTimeout(() => this.#forgotten.delete(user), FORGOTTEN_MS).unref();
    for (const [id, { update, keepUntil }] of inbox.items) {
      if (keepUntil !== undefined && senderOf(update as unknown as Update) === user) inbox.remove(id);
    }
    await inbox.scrub();
  }

  /** Work that belongs to no update; its error is logged, and never breaks anything else. */
  readonly background = (work: Promise<unknown>): void => {
    void this.#follow(work);
  };

  /** Whoever waits for room on the disk gives up. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when all that was received is done, or after `ms`. */
  async settle(ms: number): Promise<void> {
    await within(this.#open.allEnd(), ms);
  }

  async close(): Promise<void> {
    await this.#inbox?.close();
  }

  get #isBusy(): boolean {
    return this.#open.size >= this.#parts.limit;
  }

  #opened(): Inbox<InboxEntry> {
    if (!this.#inbox) throw new Error('the inbox is not open');
    return this.#inbox;
  }

  #take(id: string, entry: InboxEntry): void {
    const inbox = this.#opened();
    const work: Promise<void>[] = [];
    let current = entry;
    let postponed = false;
    let keepMs = 0;
    const later = (promise: Promise<unknown>) => void work.push(this.#follow(promise));
    const receipt: Receipt = {
      later,
      postpone: () => {
        postponed = true;
      },
      keepFor: (ms) => {
        keepMs = ms;
      },
      signal: this.#stop.signal,
      answerOf: (request) => current.answers[request],
      noteAnswer: async (request, message) => {
        current = { ...current, answers: { ...current.answers, [request]: message } };
        await inbox.update(id, current);
      },
    };
    const update = entry.update as unknown as Update;
    const chat = (messageIn(update) ?? update.callback_query?.message)?.chat.id ?? 0;
    later(this.#chats.run(chat, () => this.#parts.handle(update, receipt)));
    void (async () => {
      // Work may begin more work.
      for (const done of work) await done;
      // Nobody died over it.
      if (postponed) return inbox.update(id, { ...current, deaths: entry.deaths - 1 });
      const isForgotten = this.#forgotten.has(senderOf(update) ?? 0);
      if (keepMs === 0 || isForgotten) inbox.remove(id);
      if (isForgotten) await inbox.scrub();
      if (keepMs === 0 || isForgotten) return;
      setTimeout(() => inbox.remove(id), keepMs).unref();
      await inbox.update(id, { ...current, keepUntil: entry.keepUntil ?? Date.now() + keepMs });
    })().catch((error: unknown) => {
      this.#parts.logger.warn({ reason: describe(error) }, 'A Telegram update was not noted as dealt with');
    });
  }

  #follow(work: Promise<unknown>): Promise<void> {
    const followed = work.then(
      () => {},
      (error: unknown) =>
        this.#parts.logger.error({ reason: describe(error) }, 'A Telegram update was not handled'),
    );
    return this.#open.add(followed);
  }
}

/** Whose an update is, as `requesterOf` says; undefined where it belongs to nobody. */
function senderOf(update: Update): number | undefined {
  const message = messageIn(update);
  return message ? requesterOf(message) : update.callback_query?.from.id;
}

/** What somebody has sent: to the bot, to a group, to a channel or to a business. */
export function messageIn({ message, channel_post, business_message }: Update): Message | undefined {
  return message ?? channel_post ?? business_message;
}
