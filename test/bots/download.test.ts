import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DownloadOptions, download } from '../../src/bots/download.ts';
import { DctoonError } from '../../src/shared/errors.ts';

const SECRET = '123456:AAH-very_secret_token';
const MIB = 1024 ** 2;

describe('download', () => {
  let server: Server;
  let origin: string;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  let requests: number;
  let closed: number;

  beforeEach(async () => {
    requests = 0;
    closed = 0;
    server = createServer((request, response) => {
      requests += 1;
      response.on('close', () => {
        closed += 1;
      });
      respond(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const get = (options: Partial<DownloadOptions> = {}, path = `/file/bot${SECRET}/photo.jpg?sig=${SECRET}`) =>
    download(`${origin}${path}`, { allowedHosts: [origin], maxBytes: MIB, timeoutMs: 5000, ...options });

  /** The error, checked to hold no secret, however it is printed. */
  const failure = async (promise: Promise<unknown>) => {
    const error = await promise.then(
      () => expect.unreachable('should have failed'),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DctoonError);
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
    return error as DctoonError;
  };

  it('gives the bytes, whole and in order', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    respond = (_, response) => {
      response.write(body.subarray(0, 100_000));
      setTimeout(() => response.end(body.subarray(100_000)), 20);
    };
    expect(Buffer.compare(await get(), body)).toBe(0);
  });

  it.each([301, 302, 307, 308])('follows no redirect (%i)', async (status) => {
    respond = (request, response) => {
      if (request.url === '/inside') response.end('secret of the inner network');
      else response.writeHead(status, { location: `${origin}/inside` }).end();
    };
    expect((await failure(get())).code).toBe('download_failed');
    expect(requests).toBe(1);
  });

  it.each([204, 206, 400, 404, 429, 500])('takes no body of a %i', async (status) => {
    respond = (_, response) =>
      void response.writeHead(status).end(status === 204 ? undefined : 'an error page');
    const error = await failure(get());
    expect(error.code).toBe('download_failed');
    expect(error.message).toContain(String(status));
    expect(requests).toBe(1);
  });

  it('refuses an announced size over the limit before reading it', async () => {
    respond = (_, response) => {
      response.writeHead(200, { 'content-length': 3 * MIB });
      response.write('x');
    };
    const error = await failure(get({ maxBytes: 2 * MIB }));
    expect([error.code, error.details]).toEqual(['too_large', { megabytes: 2 }]);
    await vi.waitFor(() => expect(closed).toBe(1));
  });

  it('stops an endless body at the limit', async () => {
    let sent = 0;
    respond = (_, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const pump = () => {
        while (!response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', pump);
        }
      };
      pump();
    };
    expect((await failure(get())).code).toBe('too_large');
    await vi.waitFor(() => expect(closed).toBe(1));
    // What the sockets between the two hold, and no more.
    expect(sent).toBeLessThan(20 * MIB);
  });

  it('gives up a server that does not answer, and one that trickles', async () => {
    respond = () => {};
    const silent = await failure(get({ timeoutMs: 200 }));
    expect([silent.code, silent.message]).toEqual(['download_failed', expect.stringContaining('200 ms')]);
    respond = (_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    };
    expect((await failure(get({ timeoutMs: 300 }))).code).toBe('download_failed');
    await vi.waitFor(() => expect(closed).toBe(2));
  });

  it('tries once more when the connection breaks, and says so when it breaks again', async () => {
    respond = (_, response) => {
      if (requests === 2) response.end('whole');
      else response.socket?.destroy();
    };
    expect(Buffer.from(await get()).toString()).toBe('whole');
    respond = (_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('half');
      setTimeout(() => response.socket?.destroy(), 20);
    };
    requests = 0;
    expect((await failure(get())).code).toBe('download_failed');
    expect(requests).toBe(2);
  });

  it('takes an empty file for a failure', async () => {
    respond = (_, response) => void response.end();
    expect((await failure(get())).code).toBe('download_failed');
  });

  it('ends when the caller cancels', async () => {
    const controller = new AbortController();
    respond = (_, response) => {
      response.write('x');
      setTimeout(() => controller.abort(), 20);
    };
    expect((await failure(get({ signal: controller.signal }))).code).toBe('cancelled');
    await vi.waitFor(() => expect(closed).toBe(1));
    expect((await failure(get({ signal: AbortSignal.abort() }))).code).toBe('cancelled');
  });

  it('reports a server that is not there', async () => {
    const error = await failure(
      download(`http://127.0.0.1:1/${SECRET}`, {
        allowedHosts: ['http://127.0.0.1:1'],
        maxBytes: 1,
        timeoutMs: 5000,
      }),
    );
    expect([error.code, error.message]).toEqual(['download_failed', expect.stringContaining('127.0.0.1:1')]);
  });

  describe('goes nowhere but to the allowed hosts', () => {
    const allowedHosts = ['cdn.discordapp.com', 'https://files.example:8443'];
    const reached: string[] = [];
    const fetch = async (url: string | URL | Request) => {
      reached.push(String(url));
      return new Response('bytes');
    };
    const from = (url: string) => download(url, { allowedHosts, maxBytes: 99, timeoutMs: 1000, fetch });

    it.each([
      'https://cdn.discordapp.com/a.png',
      'https://CDN.discordapp.com:443/a.png?x=1',
      'https://files.example:8443/x',
    ])('allows %s', async (url) => {
      reached.length = 0;
      await from(url);
      expect(reached).toHaveLength(1);
    });

    it.each([
      'http://cdn.discordapp.com/a.png',
      'https://cdn.discordapp.com:8443/a.png',
      'https://cdn.discordapp.com.evil.example/a.png',
      'https://evilcdn.discordapp.com/a.png',
      'https://evil.example/cdn.discordapp.com',
      'https://cdn.discordapp.com@evil.example/a.png',
      'https://user:pass@cdn.discordapp.com/a.png',
      'https://evil.example#@cdn.discordapp.com/',
      'https://cdn.discordapp.com./a.png',
      'https://files.example/x',
      'http://localhost/',
      'http://127.0.0.1:80/',
      'http://169.254.169.254/latest/meta-data',
      'http://[::1]/',
      'http://2130706433/',
      'file:///etc/passwd',
      'data:text/plain,hello',
      'ftp://cdn.discordapp.com/a.png',
      'javascript:alert(1)',
      '//cdn.discordapp.com/a.png',
      'not a url',
      '',
    ])('refuses %s', async (url) => {
      reached.length = 0;
      expect((await failure(from(url))).code).toBe('download_failed');
      expect(reached).toEqual([]);
    });
  });
});
