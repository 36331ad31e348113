/** Faults that a test plants, and the flood limits. */
import { ApiError, flood } from './errors.ts';
import type { Payload } from './spec.ts';

export interface Fault {
  /** Bot API method, or `download` for the file route. */
  readonly method: string;
  /** How many requests it hits; default 1. */
  readonly times?: number;
  readonly when?: (payload: Payload) => boolean;
  readonly delayMs?: number;
  /** `before`: the socket dies and nothing happened; `after`: it happened, but the answer is lost. For `download`: halfway. */
  readonly drop?: 'before' | 'after';
  /** Answers with this error. */
  readonly error?: { readonly code: number; readonly description: string; readonly retryAfter?: number };
  /** `download` only: the body in place of the file, with status 200 unless `error` says otherwise. */
  readonly body?: Uint8Array;
}

export class Faults {
  readonly #planted: { fault: Fault; left: number }[] = [];

  plant(fault: Fault): void {
    this.#planted.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault that hits this request, used up by one. */
  take(method: string, payload: Payload): Fault | undefined {
    const hit = this.#planted.find(
      ({ fault, left }) => left > 0 && fault.method === method && (fault.when?.(payload) ?? true),
    );
    if (!hit) return undefined;
    hit.left--;
    return hit.fault;
  }
}

export function faultError(error: NonNullable<Fault['error']>): ApiError {
  return new ApiError(
    error.code,
    error.description,
    error.retryAfter === undefined ? undefined : { retry_after: error.retryAfter },
  );
}

export interface FloodLimits {
  /** Messages per second and chat on average; one more may come at once (token bucket, so jitter is no flood). Default 1. */
  readonly perSecond?: number;
  /** New messages and edits per window and group. Default 20. */
  readonly perGroup?: number;
  /** Default 60 000. */
  readonly groupWindowMs?: number;
}

/** Telegram's per-chat limits, strict enough to notice a bot that lives on 429. */
export class FloodGate {
  readonly #limits: Required<FloodLimits>;
  readonly #buckets = new Map<number, { tokens: number; at: number }>();
  readonly #groups = new Map<number, number[]>();

  constructor(limits: FloodLimits) {
    this.#limits = { perSecond: 1, perGroup: 20, groupWindowMs: 60_000, ...limits };
  }

  /** @throws ApiError 429 */
  pass(chat: number, isNewMessage: boolean, now = Date.now()): void {
    const { perSecond, perGroup, groupWindowMs } = this.#limits;
    if (chat < 0) {
      const recent = (this.#groups.get(chat) ?? []).filter((at) => now - at < groupWindowMs);
      this.#groups.set(chat, recent);
      if (recent.length >= perGroup) throw flood(Math.ceil(groupWindowMs / 1000));
      recent.push(now);
    }
    if (!isNewMessage) return;
    const capacity = perSecond + 1;
    const bucket = this.#buckets.get(chat) ?? { tokens: capacity, at: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.#buckets.set(chat, bucket);
    if (bucket.tokens < 1) throw flood(1);
    bucket.tokens--;
  }
}
