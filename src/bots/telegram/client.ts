/** The grammY client, set up for a network that fails and a token that must never be seen. */
import { autoRetry } from '@grammyjs/auto-retry';
import { Api, Bot, HttpError, type Transformer } from 'grammy';
import type { Logger } from '../../observability/logger.ts';
import { retry } from '../../shared/retry.ts';
import { describe, networkCode } from './errors.ts';
import type { RateLimiter } from './outgoing/rate-limiter.ts';

export interface Client {
  readonly bot: Bot;
  /** For decoration (chat actions, reactions): no retries, no waiting. */
  readonly plain: Api;
  /** Why polling gets no answers at the moment; undefined when it does, or does not poll. */
  readonly trouble: () => string | undefined;
}

/** A second request changes nothing beyond the first, so these may be repeated. */
const REPEATABLE = /^(get|edit|delete|set|answer)/;
/** grammY's own loops repeat these. */
const LOOPED = new Set(['getUpdates', 'getMe', 'deleteWebhook']);
/** The request cannot have reached Telegram. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

export function createClient(options: {
  readonly token: string;
  readonly apiRoot: string;
  readonly rateLimiter: RateLimiter;
  readonly logger: Logger;
}): Client {
  const { token, apiRoot, rateLimiter, logger } = options;
  // grammY's default of 500 s would let one dead connection stop all updates for minutes.
  const client = { apiRoot, timeoutSeconds: 100 };
  const bot = new Bot(token, { client });
  const polling = watchPolling();
  // The later, the further out: every attempt of the outer ones passes the inner ones again.
  bot.api.config.use(
    rateLimiter.transformer,
    hideToken,
    polling.transformer,
    retryNetwork(logger),
    // Without `rethrowHttpErrors` auto-retry repeats network errors for ever.
    autoRetry({ maxRetryAttempts: 3, maxDelaySeconds: 60, rethrowHttpErrors: true }),
  );
  const plain = new Api(token, client);
  plain.config.use(hideToken);
  return { bot, plain, trouble: polling.trouble };
}

/** One dropped connection is no trouble: the next poll comes after 3 s, and its answer perhaps only after 30. */
const FAILED_POLLS = 3;

function watchPolling(): { transformer: Transformer; trouble: Client['trouble'] } {
  let failed = 0;
  return {
    transformer: async (prev, method, payload, signal) => {
      if (method !== 'getUpdates') return prev(method, payload, signal);
      try {
        const answer = await prev(method, payload, signal);
        failed = 0;
        return answer;
      } catch (error) {
        if (!signal?.aborted) failed++;
        throw error;
      }
    },
    trouble: () => (failed < FAILED_POLLS ? undefined : `Telegram is not reached: ${failed} polls failed.`),
  };
}

/** The cause inside an `HttpError` carries the request's URL, and with it the token: only its code is kept. */
const hideToken: Transformer = async (prev, method, payload, signal) => {
  try {
    return await prev(method, payload, signal);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const code = networkCode(error);
    throw new HttpError(error.message, Object.assign(new Error(code ?? 'no answer'), { code }));
  }
};

/**
 * Bounded retry of network errors. A new message whose answer was lost may have been sent, so it is tried once more
 * at most; what cannot have arrived, or may arrive twice without harm, three times.
 */
function retryNetwork(logger: Logger): Transformer {
  let loggedAt = 0;
  const log = (error: HttpError) => {
    // A network that is away for long fails every few seconds; one line a minute tells it.
    if (Date.now() - loggedAt <= 60_000) return;
    loggedAt = Date.now();
    logger.warn({ reason: describe(error) }, 'Telegram was not reached, trying again');
  };
  return (prev, method, payload, signal) => {
    let failures = 0;
    return retry(() => prev(method, payload, signal), {
      attempts: 4,
      backoffMs: (failed) => 250 * 2 ** failed,
      isTransient: (error) => {
        if (!(error instanceof HttpError) || signal?.aborted) return false;
        failures += 1;
        log(error);
        const isHarmless = REPEATABLE.test(method) || NEVER_SENT.has(networkCode(error) ?? '');
        return !LOOPED.has(method) && (isHarmless || failures === 1);
      },
    });
  };
}
