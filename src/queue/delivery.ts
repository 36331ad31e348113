/** Sends answers, outside the worker slots: a slow or failing platform never holds up the drawing. */
import type { Logger } from '../observability/logger.ts';
import { retry } from '../shared/retry.ts';
import type { Job, Outcome, Platform, Responder } from './types.ts';

export interface DeliveryOptions {
  readonly log: Logger;
  /** How often a responder may reject for one job. */
  readonly attempts: number;
  /** Milliseconds to wait after the n-th rejection (from 1). */
  readonly backoffMs: (rejections: number) => number;
}

export type DeliveryEnd = 'done' | 'failed' | 'stopped';

export class DeliveryRetrier {
  readonly #options: DeliveryOptions;
  readonly #responders = new Map<Platform, Responder>();
  readonly #arrivals = new Map<Platform, PromiseWithResolvers>();
  readonly #stop = new AbortController();

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  set(platform: Platform, responder: Responder): void {
    this.#responders.set(platform, responder);
    this.#arrivals.get(platform)?.resolve();
  }

  /**
   * Calls the platform's responder until it resolves, at most `attempts` times; waits for a responder if there is
   * none yet. Never rejects. Stops retrying when the answer is of no use any more (`expiresAt`).
   * @param job asked before every try, since the reply target may change meanwhile
   */
  async deliver(job: () => Job, outcome: Outcome): Promise<DeliveryEnd> {
    const { log, attempts, backoffMs } = this.#options;
    const { signal } = this.#stop;
    const send = async () => {
      const responder = await this.#responder(job().platform);
      if (responder && !signal.aborted) await responder(job(), outcome);
    };
    try {
      await retry(send, {
        signal,
        attempts,
        backoffMs,
        isTransient: (_, pauseMs) => Date.now() + pauseMs <= (job().expiresAt ?? Number.POSITIVE_INFINITY),
        onFailure: (error, rejections, pauseMs) =>
          log.warn({ job: job().id, rejections, pauseMs, err: error }, 'answer failed, will be tried again'),
      });
      return signal.aborted ? 'stopped' : 'done';
    } catch (error) {
      if (signal.aborted) return 'stopped';
      log.error({ job: job().id, err: error }, 'answer given up');
      return 'failed';
    }
  }

  /** Ends waiting and retrying; a responder that runs is not interrupted. */
  stop(): void {
    this.#stop.abort();
    for (const arrival of this.#arrivals.values()) arrival.resolve();
  }

  async #responder(platform: Platform): Promise<Responder | undefined> {
    if (!this.#responders.has(platform) && !this.#stop.signal.aborted) {
      const arrival = this.#arrivals.get(platform) ?? withResolvers();
      this.#arrivals.set(platform, arrival);
      await arrival.promise;
    }
    return this.#responders.get(platform);
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** `Promise.withResolvers` of Node 22, which the floor of Node 20 lacks. */
function withResolvers(): PromiseWithResolvers {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
