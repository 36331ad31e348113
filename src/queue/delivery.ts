/** Delivers outcomes, outside the worker slots: a slow or failing platform never holds up the processing. */
import type { Logger } from '../observability/logger.ts';
import { retry } from '../shared/retry.ts';
import { within } from '../shared/timeout.ts';
import { type Resolvers, withResolvers } from '../shared/with-resolvers.ts';
import type { Job, Outcome, Platform, Responder } from './types.ts';

export interface DeliveryOptions {
  readonly log: Logger;
  /** How often a responder may reject for one job. */
  readonly attempts: number;
  /** Milliseconds to wait after the n-th rejection (from 1). */
  readonly backoffMs: (rejections: number) => number;
  /** Within so many milliseconds of the start, bots may still connect: no job is given up for want of one. Default: 5 minutes. */
  readonly startMs?: number;
}

/**
 * How long a job waits for a responder of its platform. One that was switched off for good has none ever again, and
 * photos are not kept for ever.
 */
export const RESPONDER_WAIT_MS = 24 * 3600_000;

const START_MS = 5 * 60_000;

class NoResponder extends Error {
  override readonly name = 'NoResponder';
}

export type DeliveryEnd = 'done' | 'failed' | 'stopped';

export class DeliveryRetrier {
  readonly #options: DeliveryOptions;
  readonly #responders = new Map<Platform, Responder>();
  readonly #arrivals = new Map<Platform, Resolvers<void>>();
  readonly #stop = new AbortController();
  readonly #startsUntil: number;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#startsUntil = Date.now() + (options.startMs ?? START_MS);
  }

  set(platform: Platform, responder: Responder): void {
    this.#responders.set(platform, responder);
    this.#arrivals.get(platform)?.resolve();
  }

  /**
   * Calls the platform's responder until it resolves, at most `attempts` times; waits for a responder if there is
   * none yet, until the job is a day old. Never rejects. Stops retrying when the outcome is of no use any more
   * (`expiresAt`).
   * @param job asked before every try, since the reply target may change meanwhile
   */
  async deliver(job: () => Job, outcome: Outcome): Promise<DeliveryEnd> {
    const { log, attempts, backoffMs } = this.#options;
    const { signal } = this.#stop;
    const send = async () => {
      const responder = await this.#responder(job());
      if (responder && !signal.aborted) await responder(job(), outcome);
    };
    try {
      await retry(send, {
        signal,
        attempts,
        backoffMs,
        isTransient: (error, pauseMs) =>
          !(error instanceof NoResponder) &&
          Date.now() + pauseMs <= (job().expiresAt ?? Number.POSITIVE_INFINITY),
        onFailure: (error, rejections, pauseMs) =>
          log.warn(
            { job: job().id, rejections, pauseMs, err: error },
            'delivery failed, will be tried again',
          ),
      });
      return signal.aborted ? 'stopped' : 'done';
    } catch (error) {
      if (signal.aborted) return 'stopped';
      log.error({ job: job().id, err: error }, 'delivery given up');
      return 'failed';
    }
  }

  /** Ends waiting and retrying; a responder that runs is not interrupted. */
  stop(): void {
    this.#stop.abort();
    for (const arrival of this.#arrivals.values()) arrival.resolve();
  }

  /** @throws NoResponder */
  async #responder({ platform, createdAt }: Job): Promise<Responder | undefined> {
    if (!this.#responders.has(platform) && !this.#stop.signal.aborted) {
      const arrival = this.#arrivals.get(platform) ?? withResolvers();
      this.#arrivals.set(platform, arrival);
      const until = Math.max(createdAt + RESPONDER_WAIT_MS, this.#startsUntil);
      const waitMs = Math.min(Math.max(0, until - Date.now()), RESPONDER_WAIT_MS);
      const isThere = await within(arrival.promise, waitMs);
      if (!isThere) throw new NoResponder(`${platform} is switched off`);
    }
    return this.#responders.get(platform);
  }
}
