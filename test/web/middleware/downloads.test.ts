import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDownloads } from '../../../src/web/middleware/downloads.ts';
import { DEFAULT_LIMITS, type WebContext, type WebLimits } from '../../../src/web/types.ts';

const BYTES = new Uint8Array(300_000).fill(7);

/** As much of a request as a download looks at. */
function requestOf(user: string, method = 'GET') {
  const socket = {
    destroyed: false,
    destroy() {
      socket.destroyed = true;
    },
  };
  const context = {
    req: { method },
    env: { incoming: { socket } },
    get: () => user,
    body: (
      body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
      status: number,
      headers: Record<string, string>,
    ) => new Response(body, { status, headers }),
  } as unknown as WebContext;
  return { context, socket };
}

const downloads = (limits: Partial<WebLimits>) => {
  const download = createDownloads({ ...DEFAULT_LIMITS, ...limits });
  return (user: string, method?: string) => {
    const { context, socket } = requestOf(user, method);
    return { response: download(context, BYTES, {}), socket };
  };
};

describe('a download', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has every byte, and its length before them', async () => {
    const { response } = downloads({})('a');
    expect(response.headers.get('content-length')).toBe(String(BYTES.length));
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(BYTES);
  });

  it('has a place until it is read: few for each visitor, and none for a look at the headers', async () => {
    const download = downloads({ downloadsPerClient: 2 });
    const first = download('a');
    download('a');
    expect(() => download('a')).toThrow('too many downloads');
    expect(download('a', 'HEAD').response.body).toBeNull();
    expect(() => download('b')).not.toThrow();
    await first.response.arrayBuffer();
    expect(() => download('a')).not.toThrow();
  });

  it('that its reader gives up frees its place', async () => {
    const download = downloads({ downloadsPerClient: 1 });
    await download('a').response.body?.cancel();
    expect(() => download('a')).not.toThrow();
  });

  it('of a crowd makes way for somebody who has none', () => {
    const download = downloads({ downloads: 3, downloadsPerClient: 3 });
    const crowd = [download('a'), download('a'), download('a')];
    expect(() => download('b')).not.toThrow();
    expect(crowd.filter(({ socket }) => socket.destroyed)).toHaveLength(1);
  });

  it('that nobody takes is cut off', async () => {
    vi.useFakeTimers();
    const download = downloads({ downloadsPerClient: 1, downloadIdleMs: 5000 });
    const silent = download('a');
    await vi.advanceTimersByTimeAsync(4000);
    expect(silent.socket.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    expect(silent.socket.destroyed).toBe(true);
    expect(() => download('a')).not.toThrow();
  });
});
