import { afterEach, describe, expect, it, vi } from 'vitest';
import { readBody } from '../../src/shared/body.ts';

const LIMITS = { maxBytes: 1000, idleMs: 5000, totalMs: 60_000, leastRate: 100 };

/** A request whose body sends `bytes` every `everyMs`, for ever, and counts what was asked of it. */
function endless(bytes: number, everyMs: number) {
  const sent = { bytes: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
        sent.bytes += bytes;
        controller.enqueue(new Uint8Array(bytes));
      },
      cancel() {
        sent.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  return { request: new Request('http://localhost/', init), sent };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a body', () => {
  it('is read whole within its limits', async () => {
    const request = new Request('http://localhost/', { method: 'POST', body: 'abc' });
    expect((await readBody(request, LIMITS)).toString()).toBe('abc');
    expect((await readBody(new Request('http://localhost/'), LIMITS)).length).toBe(0);
  });

  it('that has no end is read no further than its limit', async () => {
    const { request, sent } = endless(300, 0);
    await expect(readBody(request, LIMITS)).rejects.toMatchObject({ reason: 'too_large' });
    expect(sent.bytes).toBeLessThanOrEqual(1500);
  });

  it('that is announced too large is not read at all', async () => {
    const { request, sent } = endless(10, 0);
    const announced = new Request(request, { headers: { 'content-length': '1001' } });
    await expect(readBody(announced, LIMITS)).rejects.toMatchObject({ reason: 'too_large' });
    // A copy of a request may look one chunk ahead.
    expect(sent.bytes).toBeLessThanOrEqual(10);
  });

  it.each([
    ['falls silent', 1, 6000],
    ['drips', 1, 1000],
    ['takes all the time there is', 500, 4900],
  ])('that %s is given up', async (_, bytes, everyMs) => {
    vi.useFakeTimers();
    const { request } = endless(bytes, everyMs);
    const outcome = expect(readBody(request, { ...LIMITS, maxBytes: 1e6 })).rejects.toMatchObject({
      reason: 'too_slow',
    });
    await vi.advanceTimersByTimeAsync(70_000);
    await outcome;
  });
});
