import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { pictureForOne } from '../../../src/web/jobs/picture.ts';
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
  return async (user: string, method?: string) => {
    const { context, socket } = requestOf(user, method);
    return { response: await download(context, pictureForOne(BYTES, tmpdir()), {}), socket };
  };
};

describe('a download', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has every byte, and its length before them', async () => {
    const { response } = await downloads({})('a');
    expect(response.headers.get('content-length')).toBe(String(BYTES.length));
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(BYTES);
  });

  it('has a place until it is read: few for each visitor, and none for a look at the headers', async () => {
    const download = downloads({ downloadsPerClient: 2 });
    const first = await download('a');
    await download('a');
    await expect(download('a')).rejects.toThrow('too many downloads');
    expect((await download('a', 'HEAD')).response.body).toBeNull();
    await download('b');
    await first.response.arrayBuffer();
    await download('a');
  });

  it('leaves no file behind, read or not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-download-'));
    const { context } = requestOf('a');
    const response = await createDownloads(DEFAULT_LIMITS)(context, pictureForOne(BYTES, folder), {});
    expect(await readdir(folder)).toEqual([]);
    expect((await response.arrayBuffer()).byteLength).toBe(BYTES.length);
    await rm(folder, { recursive: true });
  });

  it('goes out although there is no disk to put it on', async () => {
    const { context } = requestOf('a');
    const response = await createDownloads(DEFAULT_LIMITS)(context, pictureForOne(BYTES, '/nowhere'), {});
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(BYTES);
  });

  it('that its reader gives up frees its place', async () => {
    const download = downloads({ downloadsPerClient: 1 });
    await (await download('a')).response.body?.cancel();
    await download('a');
  });

  it('of a crowd makes way for somebody who has none', async () => {
    const download = downloads({ downloads: 3, downloadsPerClient: 3 });
    const crowd = [await download('a'), await download('a'), await download('a')];
    await download('b');
    expect(crowd.filter(({ socket }) => socket.destroyed)).toHaveLength(1);
  });

  it('that nobody takes is cut off', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    const download = downloads({ downloadsPerClient: 1, downloadIdleMs: 5000 });
    const silent = await download('a');
    await vi.advanceTimersByTimeAsync(4000);
    expect(silent.socket.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    expect(silent.socket.destroyed).toBe(true);
    await download('a');
  });
});
