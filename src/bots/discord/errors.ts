/** Discord's error codes, sorted by what the adapter can do about them. */
import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';

export type ErrorKind =
  /** Acknowledged too late, or by another process: there is nobody to answer. */
  | 'too_late'
  | 'acknowledged'
  /** The reply, its channel or its webhook is gone. */
  | 'gone'
  /** The interaction token is dead. */
  | 'expired'
  | 'too_large'
  /** Permissions are missing. */
  | 'forbidden'
  /** Replying needs "Read Message History". */
  | 'no_history'
  /** The person takes no direct messages from us. */
  | 'closed'
  | 'auto_mod'
  /** A server has as many emoji or stickers as it may have. */
  | 'full'
  /** Worth another try later: network, 5xx, slow mode, rate limits that were not waited out. */
  | 'retry'
  /** Any other refusal; repeating it would only count towards Discord's ban for invalid requests. */
  | 'refused';

const BY_CODE: Readonly<Record<number, ErrorKind>> = {
  10003: 'gone',
  10008: 'gone',
  10015: 'gone',
  10062: 'too_late',
  20016: 'retry',
  30008: 'full',
  30034: 'refused',
  30039: 'full',
  40005: 'too_large',
  40060: 'acknowledged',
  40094: 'refused',
  50001: 'forbidden',
  50007: 'closed',
  50013: 'forbidden',
  50027: 'expired',
  50045: 'too_large',
  50278: 'closed',
  160002: 'no_history',
  200000: 'auto_mod',
  200001: 'auto_mod',
};

/** What Discord says of an interaction's reply that it does not know, or not yet. */
const UNKNOWN_WEBHOOK = 10015;

export function isUnknownWebhook(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.code === UNKNOWN_WEBHOOK;
}

export function errorKind(error: unknown): ErrorKind {
  if (error instanceof DiscordAPIError) {
    const known = BY_CODE[Number(error.code)];
    if (known) return known;
    if (error.status === 413) return 'too_large';
    if (error.status === 401 && error.url.includes('/webhooks/')) return 'expired';
    return error.status === 429 || error.status >= 500 ? 'retry' : 'refused';
  }
  if (error instanceof HTTPError) return error.status === 413 ? 'too_large' : 'retry';
  if (error instanceof RateLimitError) return 'retry';
  return 'retry';
}

/**
 * What may be logged of a failed request. Never the error itself: its `url` holds the interaction token and its
 * `requestBody` the pictures.
 */
export function loggable(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof DiscordAPIError || error instanceof HTTPError) {
    return {
      status: error.status,
      code: 'code' in error ? error.code : undefined,
      method: error.method,
      message: error.message,
    };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}

/** The error for the layers above, which log what they get: without address, token and pictures. */
export function sanitized(error: unknown): Error {
  const { status, code, message } = loggable(error);
  return new Error(`Discord: ${[status, code, message].filter((part) => part !== undefined).join(' ')}`);
}
