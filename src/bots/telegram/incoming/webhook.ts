/** Webhook mode: Telegram calls us. Mounted by `src/web` at the path of `TELEGRAM_WEBHOOK_URL`. */
import type { Update } from 'grammy/types';
import { z } from 'zod';
import { sameSecret } from '../../../shared/secrets.ts';
import type { UpdateReceiver } from './updates.ts';

export type WebhookHandler = (request: Request) => Promise<Response>;

/** Updates are a few kB; nobody else's body is read further. */
const BODY_LIMIT = 1_000_000;
const updateSchema = z.looseObject({ update_id: z.number().int() });

export interface WebhookParts {
  readonly secret: string;
  readonly intake: UpdateReceiver;
  /** False before the start and after the stop: Telegram then delivers again later. */
  readonly isOpen: () => boolean;
}

export function createWebhook({ secret, intake, isOpen }: WebhookParts): WebhookHandler {
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    if (!sameSecret(request.headers.get('x-telegram-bot-api-secret-token') ?? '', secret))
      return new Response(null, { status: 401 });
    // Telegram honours Retry-After and delivers again (research/telegram.md, section 5).
    if (!isOpen() || intake.isFull)
      return new Response(null, { status: 503, headers: { 'retry-after': '5' } });
    const update = await readUpdate(request);
    if (!update) return new Response(null, { status: 400 });
    try {
      await intake.receive(update);
    } catch {
      // Not on the disk, so not taken; the disk is full, and the log says so.
      return new Response(null, { status: 503, headers: { 'retry-after': '30' } });
    }
    return new Response(null, { status: 200 });
  };
}

async function readUpdate(request: Request): Promise<Update | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > BODY_LIMIT) return undefined;
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of request.body ?? []) {
      size += (chunk as Uint8Array).length;
      if (size > BODY_LIMIT) return undefined;
      chunks.push(chunk as Uint8Array);
    }
    const parsed = updateSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    return parsed.success ? (parsed.data as unknown as Update) : undefined;
  } catch {
    return undefined;
  }
}
