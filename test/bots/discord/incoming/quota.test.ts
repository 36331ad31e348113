import { describe, expect, it } from 'vitest';
import { Quota } from '../../../../src/bots/discord/incoming/quota.ts';

describe('quota', () => {
  it('frees what has left the window, gives back, and tells the wait', () => {
    let now = 1_000_000;
    const quota = new Quota({ limit: 3, windowMs: 60_000, now: () => now });
    quota.take('a', 2);
    now += 10_000;
    quota.take('a', 1);
    expect(() => quota.take('a', 1)).toThrow(
      expect.objectContaining({ code: 'rate_limited', details: { seconds: 50 } }),
    );
    expect(() => quota.take('a', 3)).toThrow(expect.objectContaining({ details: { seconds: 60 } }));
    quota.take('b', 3);
    quota.refund('a');
    quota.take('a', 1);
    now += 50_001;
    quota.take('a', 2);
    expect(() => quota.take('a', 1)).toThrow();
    expect(() => quota.take('c', 4)).toThrow(expect.objectContaining({ details: { seconds: 60 } }));
    now += 60_001;
    quota.sweep();
    quota.take('a', 3);
  });
});
