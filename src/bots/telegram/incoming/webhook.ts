/** Webhook mode: Telegram calls us. Mounted by `src/web` at the path of `TELEGRAM_WEBHOOK_URL`. */
import type { Update } from 'grammy/types';
import { z } from 'zod';
import { readBody } from '../../../shared/body.ts';
import { parseJson } from '../../../shared/json.ts';
import { sameSecret } from '../../../shared/secrets.ts';
import type { UpdateReceiver } from './updates.ts';

export type WebhookHandler = (request: Request) => Promise<Response>;

/** Updates are a few kB; nobody else's body is read further. */
const BODY_LIMITS = { maxBytes: 1_000_000, idleMs: 10_000, totalMs: 30_000 };
const updateSchema = z.looseObject({ update_id: z.number().int() });

export interface WebhookParts {
  readonly secret: string;
  readonly receiver: UpdateReceiver;
  /** False before the start and after the stop: Telegram then delivers again later. */
  readonly isOpen: () => boolean;
}

export function createWebhook({ secret, receiver, isOpen }: WebhookParts): WebhookHandler {
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    if (!sameSecret(request.headers.get('x-telegram-bot-api-secret-token') ?? '', secret))
      return new Response(null, { status: 401 });
    // Telegram honours Retry-After and delivers again.
    if (!isOpen() || receiver.isFull)
      return new Response(null, { status: 503, headers: { 'retry-after': '5' } });
    const update = await readUpdate(request);
    if (!update) return new Response(null, { status: 400 });
    try {
      await receiver.receive(update);
    } catch {
      // Not on the disk, so not taken; the disk is full, and the log says so.
      return new Response(null, { status: 503, headers: { 'retry-after': '30' } });
    }
    return new Response(null, { status: 200 });
  };
}

async function readUpdate(request: Request): Promise<Update | undefined> {
  const body = await readBody(request, BODY_LIMITS).catch(() => undefined);
  return body && (parseJson(updateSchema, body.toString('utf8')) as unknown as Update | undefined);
}
