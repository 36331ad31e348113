/**
 * Shows people how their photo is doing, seldom and never after the answer: nothing in the first two seconds, then
 * position and expected time, edited at most every 3 s and only when the text would change. Telegram and Discord count
 * edits like messages, and an edit competes with somebody's answer; so a long wait is updated less often, and all jobs
 * of a platform share a budget.
 */
import PQueue from 'p-queue';
import type { Logger } from '../../observability/logger.ts';
import type { Job, Platform, Queue } from '../../queue/types.ts';
import { Serial } from '../../shared/serial.ts';
import { roundSeconds } from '../../texts/index.ts';
import type { Status } from './types.ts';

/** `Messenger.showStatus` with the reply types of the platforms erased. */
export type ShowStatus = (job: Job, reply: unknown, status: Status) => Promise<unknown>;

export interface StatusPace {
  /** Milliseconds without any status after a photo was accepted. Default: 2000. */
  readonly delayMs: number;
  /** Least milliseconds between two edits of one job. Default: 3000. */
  readonly intervalMs: number;
  /** A result expected within this time is not worth a status. Default: 3000. */
  readonly soonMs: number;
  /** Edits per second and platform. Default: 10, of Discord's 50 requests. */
  readonly perSecond: number;
}

export const DEFAULT_PACE: StatusPace = { delayMs: 2000, intervalMs: 3000, soonMs: 3000, perSecond: 10 };

/** A wait is updated about eight times, but at least every half minute. */
const UPDATES_PER_WAIT = 8;
const LONGEST_INTERVAL_MS = 30_000;

interface Watched {
  readonly job: Job;
  reply: unknown;
  /** What is shown now, to tell whether it would change. */
  shown: string | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Edits happen one after the other, and the answer waits for the one under way. */
  readonly edits: Serial;
  over: boolean;
}

export class StatusReporter {
  readonly #queue: Queue;
  readonly #log: Logger;
  readonly #pace: StatusPace;
  readonly #platforms = new Map<Platform, { readonly show: ShowStatus; readonly budget: PQueue }>();
  readonly #watched = new Map<string, Watched>();
  readonly #off: (() => void)[];

  constructor(queue: Queue, log: Logger, pace: StatusPace = DEFAULT_PACE) {
    this.#queue = queue;
    this.#log = log;
    this.#pace = pace;
    this.#off = [
      queue.on('queued', ({ job }) => this.#watch(job)),
      queue.on('done', ({ job }) => this.#forget(job.id)),
      queue.on('failed', ({ job }) => this.#forget(job.id)),
    ];
  }

  attach(platform: Platform, show: ShowStatus): void {
    const budget = new PQueue({ interval: 1000, intervalCap: this.#pace.perSecond });
    this.#platforms.set(platform, { show, budget });
  }

  /** The adapter has changed the reply target itself. */
  updateReplyTarget(id: string, reply: unknown): void {
    const watched = this.#watched.get(id);
    if (watched) watched.reply = reply;
  }

  /** Ends the status of a job before its answer: no edit follows. Resolves to the reply target as it is now. */
  async end(job: Job): Promise<unknown> {
    const watched = this.#watched.get(job.id);
    if (!watched) return job.reply;
    watched.over = true;
    clearTimeout(watched.timer);
    await watched.edits.idle();
    return watched.reply;
  }

  /** Tells everybody who still waits that the process restarts and keeps their photo. */
  async restarting(): Promise<void> {
    await Promise.all(
      [...this.#watched.values()].map(async (watched) => {
        if (watched.over || this.#queue.status(watched.job.id)?.state === 'delivering') return;
        clearTimeout(watched.timer);
        await watched.edits.run(() => this.#show(watched, { kind: 'restarting' }));
        watched.over = true;
      }),
    );
  }

  close(): void {
    for (const off of this.#off) off();
    for (const watched of this.#watched.values()) {
      watched.over = true;
      clearTimeout(watched.timer);
    }
  }

  #watch(job: Job): void {
    if (!this.#platforms.has(job.platform)) return;
    const watched: Watched = {
      job,
      reply: job.reply,
      shown: undefined,
      timer: undefined,
      edits: new Serial(),
      over: false,
    };
    this.#watched.set(job.id, watched);
    this.#later(watched, this.#pace.delayMs);
  }

  #forget(id: string): void {
    clearTimeout(this.#watched.get(id)?.timer);
    this.#watched.delete(id);
  }

  #later(watched: Watched, ms: number): void {
    watched.timer = setTimeout(() => this.#tick(watched), ms);
    watched.timer.unref();
  }

  #tick(watched: Watched): void {
    const budget = this.#platforms.get(watched.job.platform)?.budget;
    if (!budget || this.#status(watched) === undefined) {
      this.#later(watched, this.#pace.intervalMs);
      return;
    }
    budget
      .add(() => this.#edit(watched))
      .catch((error: unknown) => this.#log.error({ job: watched.job.id, err: error }, 'status broke'));
  }

  async #edit(watched: Watched): Promise<void> {
    // Asked again: it may have waited for the platform's budget.
    const status = this.#status(watched);
    if (status) await watched.edits.run(() => this.#show(watched, status));
    if (watched.over) return;
    const { etaMs = 0 } = this.#queue.status(watched.job.id) ?? {};
    const pauseMs = Math.min(etaMs / UPDATES_PER_WAIT, LONGEST_INTERVAL_MS);
    this.#later(watched, Math.max(this.#pace.intervalMs, pauseMs));
  }

  /** What to show now; undefined when nothing has changed or the result is near. */
  #status({ job, shown, over }: Watched): Status | undefined {
    const current = over ? undefined : this.#queue.status(job.id);
    if (!current || current.state === 'delivering' || current.etaMs < this.#pace.soonMs) return undefined;
    const etaSeconds = roundSeconds(current.etaMs / 1000);
    const status: Status =
      current.state === 'queued'
        ? { kind: 'queued', ahead: current.ahead, etaSeconds }
        : { kind: 'processing', stage: current.stage ?? 'decode', etaSeconds };
    return textOf(status) === shown ? undefined : status;
  }

  async #show(watched: Watched, status: Status): Promise<void> {
    const { job } = watched;
    try {
      const reply = await this.#platforms.get(job.platform)?.show(job, watched.reply, status);
      watched.shown = textOf(status);
      if (reply === undefined || JSON.stringify(reply) === JSON.stringify(watched.reply)) return;
      watched.reply = reply;
      await this.#queue.updateReplyTarget(job.id, reply);
    } catch (error) {
      // A status is a courtesy: without it the answer still comes.
      this.#log.warn({ job: job.id, err: error }, 'status could not be shown');
    }
  }
}

/** Two statuses with the same value read the same; the stage goes by too fast to be worth an edit. */
function textOf(status: Status): string {
  if (status.kind === 'queued') return `queued ${status.ahead} ${status.etaSeconds}`;
  return status.kind === 'processing' ? `processing ${status.etaSeconds}` : status.kind;
}
