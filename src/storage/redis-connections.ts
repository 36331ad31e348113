/**
 * The connections of one process to Redis. Whatever a person waits for fails after a few seconds without Redis;
 * whatever follows an acceptance waits until Redis is back, however long that takes.
 */
import type { Redis, RedisOptions } from 'ioredis';
import type { Logger } from '../observability/logger.ts';
import { DctoonError } from '../shared/errors.ts';

/** Longer than any job lives: keys that a process which died would leave behind are gone after it. */
export const TTL_SECONDS = 24 * 3600;

export interface RedisConnections {
  /** Begins every key. The hash tag keeps all keys on one node of a cluster. */
  readonly prefix: string;
  /** Rejects commands after about four seconds without Redis. */
  readonly failFast: Redis;
  /** Never gives a command up; sends it again after a reconnection. */
  readonly persistent: Redis;
  /** For subscriptions, which take a connection over. */
  readonly listener: Redis;
  /** Whether Redis answers at the moment. */
  readonly isReady: boolean;
  close(): void;
}

export interface ConnectOptions {
  /** `redis://` or `rediss://` (TLS), with user and password if need be. */
  readonly url: string;
  readonly log: Logger;
  /** Default: `{dctoon}:`. Another one keeps two services apart on one Redis. */
  readonly prefix?: string;
}

/** Attempts of a command that fails fast: with the pauses below, 0.1 + 0.2 + ... + 0.8 = 3.6 s. */
const FAIL_FAST_ATTEMPTS = 8;
const RECONNECT_STEP_MS = 100;
const LONGEST_RECONNECT_MS = 1000;
/** A connection that died without a word (a pulled cable) is noticed by a command that gets no answer. */
const FAIL_FAST_TIMEOUT_MS = 10_000;

/** @throws Error in plain words when Redis cannot be reached */
export async function connectRedis({
  url,
  log,
  prefix = '{dctoon}:',
}: ConnectOptions): Promise<RedisConnections> {
  // Only here, so that a process without QUEUE_URL never loads it.
  const { Redis } = await import('ioredis');
  const open = (options: Pick<RedisOptions, 'maxRetriesPerRequest' | 'commandTimeout'>) => {
    const redis = new Redis(url, {
      retryStrategy: (times: number) => Math.min(times * RECONNECT_STEP_MS, LONGEST_RECONNECT_MS),
      keepAlive: 10_000,
      ...options,
    });
    logOutages(redis, log);
    return redis;
  };
  const failFast = open({ maxRetriesPerRequest: FAIL_FAST_ATTEMPTS, commandTimeout: FAIL_FAST_TIMEOUT_MS });
  const persistent = open({ maxRetriesPerRequest: null });
  const listener = open({ maxRetriesPerRequest: null });
  const close = () => {
    for (const redis of [failFast, persistent, listener]) redis.disconnect();
  };
  try {
    await checkServer(failFast, log);
  } catch (error) {
    close();
    const { host, port } = failFast.options;
    throw new Error(`QUEUE_URL: Redis at ${host}:${port} cannot be used: ${messageOf(error)}`);
  }
  return {
    prefix,
    failFast,
    persistent,
    listener,
    get isReady() {
      return failFast.status === 'ready' && persistent.status === 'ready';
    },
    close,
  };
}

/** Photos must not be evicted, and should survive Redis itself; an operator learns it at the start. */
async function checkServer(redis: Redis, log: Logger): Promise<void> {
  const info = await redis.info();
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const policy = value('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    log.warn({ policy }, 'Redis may throw photos away when it is full: set maxmemory-policy noeviction');
  }
  if (value('aof_enabled') === '0') {
    log.warn('Redis loses accepted photos when it restarts: set appendonly yes');
  }
}

/** One line when the connection is lost, one when it is back, however many attempts lie between. */
function logOutages(redis: Redis, log: Logger): void {
  let isOut = false;
  redis.on('error', (error: Error) => {
    if (isOut) return;
    isOut = true;
    log.warn({ reason: messageOf(error) }, 'Redis cannot be reached; trying again');
  });
  redis.on('ready', () => {
    if (isOut) log.info('Redis is back');
    isOut = false;
  });
}

/** An error's message; ioredis hides the reason of a failed connection in the last error of several. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors.at(-1));
  if (error instanceof Error && error.name === 'MaxRetriesPerRequestError') return 'no connection';
  return error instanceof Error ? error.message || error.name : String(error);
}

/** A failed command as what it means for a photo. */
export function asDctoonError(error: unknown): DctoonError {
  if (error instanceof DctoonError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // maxmemory is reached and nothing may be evicted.
  if (message.startsWith('OOM')) return new DctoonError('storage_full', 'Redis is full', { cause: error });
  return new DctoonError('internal', `Redis did not answer: ${message}`, { cause: error });
}
