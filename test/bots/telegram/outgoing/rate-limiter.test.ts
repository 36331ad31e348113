import { describe, expect, it } from 'vitest';
import { RateLimiter } from '../../../../src/bots/telegram/outgoing/rate-limiter.ts';

describe('RateLimiter', () => {
  it('spaces messages of a chat and keeps groups under their budget', () => {
    const limiter = new RateLimiter({ messageMs: 1000, perGroup: 20, groupWindowMs: 60_000 });
    const start = 1_000_000;
    expect([0, 1, 2].map(() => limiter.reserve(5, true, start) - start)).toEqual([0, 1000, 2000]);
    const times = Array.from({ length: 45 }, () => limiter.reserve(-5, true, start));
    for (const from of times)
      expect(times.filter((time) => time >= from && time < from + 60_000).length).toBeLessThanOrEqual(20);
    expect((times.at(-1) ?? 0) - start).toBeGreaterThanOrEqual(120_000);
  });

  it('keeps the distance also when the process stood still', async () => {
    const limiter = new RateLimiter({ messageMs: 200 });
    const sent: number[] = [];
    const send = () =>
      limiter.transformer(
        async () => {
          sent.push(Date.now());
          return { ok: true, result: true as never };
        },
        'sendMessage',
        { chat_id: 5, text: 'x' },
      );
    const all = Promise.all([send(), send(), send(), send()]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const until = Date.now() + 900;
    while (Date.now() < until);
    await all;
    const gaps = sent.slice(1).map((at, index) => at - (sent[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(195);
  });

  it('lets status messages use half of a group budget, and none of the next message', () => {
    const limiter = new RateLimiter({ messageMs: 1000, perGroup: 20, groupWindowMs: 60_000 });
    let now = 1_000_000;
    let shown = 0;
    for (; now < 1_050_000; now += 1000) {
      if (!limiter.allowsStatus(-5, now)) continue;
      limiter.reserve(-5, true, now);
      shown++;
    }
    expect(shown).toBe(10);
    expect(limiter.reserve(-5, true, now) - now).toBe(0);
  });
});
