import type { Api } from 'grammy';
import { describe, expect, it, vi } from 'vitest';
import { RateLimiter } from '../../../../src/bots/telegram/outgoing/rate-limiter.ts';
import type { Sender } from '../../../../src/bots/telegram/outgoing/sender.ts';
import { StatusMessages } from '../../../../src/bots/telegram/outgoing/status-messages.ts';
import type { TelegramReply } from '../../../../src/bots/telegram/types.ts';
import type { Job } from '../../../../src/queue/types.ts';
import { createTexts } from '../../../../src/texts/index.ts';

describe('StatusMessages', () => {
  it('edits at most every 3 s, only when the text changes, and is quiet after the answer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const edits: string[] = [];
      const api = {
        editMessageText: async (_chat: number, _message: number, text: string) => void edits.push(text),
        deleteMessage: async () => void edits.push('deleted'),
      } as unknown as Api;
      const sender = { text: async (_: unknown, text: string) => ({ message_id: edits.push(text) }) };
      const rateLimiter = new RateLimiter({ messageMs: 0 });
      const messages = new StatusMessages({ api, rateLimiter, sender: sender as unknown as Sender });
      const reply: TelegramReply = { chat: 5, message: 1, form: 'photo', requester: 5, photo: 'x' };
      const job = { id: 'tg-5-1' } as Job;
      const texts = createTexts('en');
      const show = (ahead: number) =>
        messages.show(job, reply, { kind: 'queued', ahead, etaSeconds: 60 }, texts);
      for (let tick = 0; tick < 100; tick++) {
        vi.setSystemTime(1_000_000 + tick * 100);
        await show(Math.min(tick, 60));
      }
      // 10 s: sent at once, then at 3 s and 6 s; after that nothing changed.
      expect(edits).toHaveLength(3);
      await messages.leave(job.id, reply, texts);
      await show(1);
      expect(edits.slice(3)).toEqual(['deleted']);
    } finally {
      vi.useRealTimers();
    }
  });
});
