/** Attacks that one stranger, or a crowd of them, can make with nothing but HTTP; each beside a visitor who behaves. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { webJobName } from '../../src/observability/logger.ts';
import { astronaut } from '../support/photos.ts';
import { photoForm, type Service, type ServiceOptions, startService, until } from './harness.ts';

let service: Service;
const start = async (options?: ServiceOptions) => {
  service = await startService(options);
};
afterEach(() => service.stop());

/** Behind one proxy, so that every request may be another visitor's. */
const PROXIED = { env: { TRUST_PROXY: '1' } };
const from = (visitor: number) => ({ 'x-forwarded-for': `10.0.0.${visitor}` });
const port = () => Number(new URL(service.url).port);

async function submit(headers: Record<string, string>, photo?: Buffer, fields = {}): Promise<Response> {
  const body = photoForm(photo ?? (await astronaut()), fields);
  return fetch(`${service.url}/api/jobs`, { method: 'POST', body, headers });
}

const idOf = async (response: Response) => ((await response.json()) as { id: string }).id;

async function drawn(headers: Record<string, string>, photo?: Buffer, fields = {}): Promise<string> {
  const id = await idOf(await submit(headers, photo, fields));
  // Seldom enough for the limit of requests, however long a busy machine draws.
  await until(async () => {
    await sleep(150);
    return (await fetch(`${service.url}/api/jobs/${id}/result`, { method: 'HEAD' })).ok;
  }, 50_000);
  return id;
}

/** A photo that compresses badly: its cartoon is megabytes. */
const large = () =>
  sharp({
    create: {
      width: 1600,
      height: 1600,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg()
    .toBuffer();

describe('downloads', () => {
  it('that nobody reads cost neither memory nor a place for ever', { timeout: 90_000 }, async () => {
    await start({ ...PROXIED, limits: { downloadIdleMs: 1500 } });
    const id = await drawn(from(1), await large(), { format: 'png' });
    const size = Number(
      (await fetch(`${service.url}/api/jobs/${id}/result`, { method: 'HEAD' })).headers.get('content-length'),
    );
    expect(size).toBeGreaterThan(500_000);
    const before = process.memoryUsage();
    const socket = connect(port(), '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.pause();
    const request = `GET /api/jobs/${id}/result HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n`;
    socket.write(request.repeat(100));
    await sleep(500);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(
      20 * size,
    );
    // Another visitor is served meanwhile, and the silent reader is cut off.
    const other = await fetch(`${service.url}/api/jobs/${id}/result`, { headers: from(2) });
    expect((await other.arrayBuffer()).byteLength).toBe(size);
    socket.resume();
    await closed;
  });
});

describe('forms', () => {
  it('of nothing but boundaries are refused before they are parsed', async () => {
    await start();
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const body = '--x\r\n\r\n\r\n'.repeat(400_000);
    const response = await fetch(`${service.url}/upload`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    delay.disable();
    expect(response.status).toBe(400);
    expect(delay.max / 1e6).toBeLessThan(1000);
  });

  it('that stand still take room from their sender alone', async () => {
    await start({ ...PROXIED, limits: { bodyBudgetBytes: 3_000_000, bodyBudgetBytesPerClient: 1_000_000 } });
    const sockets = Array.from({ length: 5 }, () => connect(port(), '127.0.0.1'));
    const head = [
      'POST /upload HTTP/1.1',
      'Host: localhost',
      'X-Forwarded-For: 10.0.0.1',
      'Content-Type: multipart/form-data; boundary=x',
      'Content-Length: 5000000',
      '',
      '--x',
      'Content-Disposition: form-data; name="file"; filename="a.jpg"',
      '',
      '',
    ].join('\r\n');
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.write(head);
      socket.write(Buffer.alloc(900_000, 1));
    }
    await sleep(300);
    const response = await fetch(`${service.url}/upload`, {
      method: 'POST',
      body: photoForm(await astronaut()),
      headers: from(2),
    });
    expect(response.status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});

describe('photos on their way', () => {
  const MEGABYTES = 15;

  /** A form that is cut off after its photo's bytes. */
  function unfinished(): Buffer {
    const length = (MEGABYTES + 1) * 1e6;
    const head = [
      'POST /upload HTTP/1.1',
      'Host: localhost',
      'Content-Type: multipart/form-data; boundary=x',
      `Content-Length: ${length}`,
      '',
      '--x',
      'Content-Disposition: form-data; name="file"; filename="a.jpg"',
      '',
      '',
    ].join('\r\n');
    return Buffer.concat([Buffer.from(head), Buffer.alloc(MEGABYTES * 1e6, 1)]);
  }

  it('lie on the disk, not in memory, and are gone when their sender is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-walls-'));
    await start({ web: { folder } });
    const drafts = join(folder, 'tmp');
    const onDisk = async () => {
      const names = await readdir(drafts);
      const sizes = await Promise.all(names.map((name) => stat(join(drafts, name))));
      return sizes.reduce((sum, { size }) => sum + size, 0);
    };
    const bytes = unfinished();
    const before = process.memoryUsage().arrayBuffers;
    const sockets = Array.from({ length: 4 }, () => connect(port(), '127.0.0.1'));
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.write(bytes);
    }
    await until(async () => (await onDisk()) > 4 * 0.98 * MEGABYTES * 1e6);
    // What the garbage collector has not taken yet is no longer held.
    await until(() => process.memoryUsage().arrayBuffers - before < 2 * MEGABYTES * 1e6);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await readdir(drafts)).length === 0);
    await rm(folder, { recursive: true });
  });
});

describe('an idempotency key', () => {
  it('belongs to a body: the same again is the same job, another photo or style is refused', async () => {
    await start(PROXIED);
    const key = { 'idempotency-key': 'holiday-1' };
    const first = await idOf(await submit({ ...from(1), ...key }));
    expect(await idOf(await submit({ ...from(1), ...key }))).toBe(first);
    const other = await submit({ ...from(1), ...key }, await large());
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([422, 'key_reused']);
    expect((await submit({ ...from(1), ...key }, undefined, { style: 'anime' })).status).toBe(422);
    // Somebody else's key of the same name is another one.
    expect(await idOf(await submit({ ...from(2), ...key }, await large()))).not.toBe(first);
  });
});

describe('other websites', () => {
  const post = async (headers: Record<string, string>) =>
    (await fetch(`${service.url}/upload`, { method: 'POST', body: photoForm(await astronaut()), headers }))
      .status;

  it('cannot make a browser upload, over plain http either', async () => {
    await start();
    expect(await post({ origin: 'http://evil.example' })).toBe(403);
    expect(await post({ origin: 'null' })).toBe(403);
    expect(await post({ origin: service.url })).toBe(200);
    expect(await post({ origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await post({})).toBe(200);
  });

  /** `fetch` does not let a program choose the Host. */
  const statusAs = (host: string, path: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(port(), '127.0.0.1', () =>
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
      );
      socket.once('data', (data) => {
        resolve(data.toString().split(' ')[1] ?? '');
        socket.destroy();
      });
    });

  it('cannot give this machine a name of theirs', async () => {
    const metrics = { method: 'GET', path: '/metrics', handle: async () => new Response('figures') } as const;
    await start({ web: { extraRoutes: [metrics] } });
    for (const path of ['/', '/metrics', '/api/styles']) {
      expect(await statusAs('evil.example', path)).toBe('421');
      expect(await statusAs(`localhost:${port()}`, path)).toBe('200');
      expect(await statusAs('127.0.0.1', path)).toBe('200');
    }
  });

  it('are told by the list of hosts where there is one', async () => {
    await start({ env: { ALLOWED_HOSTS: 'cartoons.example, www.cartoons.example' } });
    expect(await statusAs('Cartoons.Example:8080', '/')).toBe('200');
    expect(await statusAs('other.example', '/')).toBe('421');
    expect(await statusAs('localhost', '/healthz')).toBe('200');
  });
});

describe('event streams', () => {
  it('of a crowd make way for somebody who has none', async () => {
    await start({ ...PROXIED, limits: { streams: 4, streamsPerClient: 2 } });
    service.engine.hold = new Promise(() => {});
    const id = await idOf(await submit(from(1)));
    const url = `${service.url}/api/jobs/${id}/events`;
    const crowd = [];
    for (const visitor of [1, 1, 2, 2]) crowd.push(await fetch(url, { headers: from(visitor) }));
    expect(crowd.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await fetch(url, { headers: from(1) })).status).toBe(429);
    const modest = await fetch(url, { headers: from(3) });
    expect(modest.status).toBe(200);
    // One of the crowd's streams ended for it.
    await Promise.race(crowd.map((response) => response.text()));
    await modest.body?.cancel();
  });
});

it('the log names no job of the page by what would fetch it', async () => {
  await start();
  const id = await drawn({});
  await fetch(`${service.url}/api/jobs/${id}/result`);
  const log = service.logs.join('');
  expect(log).not.toContain(id);
  expect(log).toContain(webJobName(id));
});
