import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/shared/errors.ts';
import { createTexts } from '../../src/texts/index.ts';
import { astronaut } from '../support/photos.ts';
import { photoForm, type Service, type ServiceOptions, startService, until } from './harness.ts';

let service: Service;
const start = async (options?: ServiceOptions) => {
  service = await startService(options);
  return service;
};
afterEach(() => service.stop());

const upload = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
  // As a browser asks whose form was sent without the script.
  fetch(`${service.url}/upload`, { method: 'POST', body, headers: { accept: 'text/html, */*', ...headers } });
const errors = (locale: 'en' | 'de') => {
  const texts = createTexts(locale);
  return (code: ErrorCode, details?: Record<string, number>) => `${texts.error(code, details)}\n`;
};

/** Sends exactly these bytes and gives back everything the server says until it closes. */
function raw(text: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('POST /upload', () => {
  it('gives the cartoon back as a PNG of the size of the photo, under the name of the article', async () => {
    await start();
    const photo = await astronaut();
    const response = await upload(photoForm(photo, { style: 'anime' }));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="cartoon_result.png"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const answer = Buffer.from(await response.arrayBuffer());
    const { format, width, height } = await sharp(answer).metadata();
    expect({ format, width, height }).toEqual({ format: 'png', width: 512, height: 512 });
    expect(answer.equals(photo)).toBe(false);
  });

  it.each([
    ['image/jpeg', 'jpeg'],
    ['image/*', 'png'],
    ['*/*', 'png'],
    ['image/png;q=0.5, image/jpeg', 'jpeg'],
    ['image/webp', 'png'],
  ])('gives %s a %s', async (accept, expected) => {
    await start();
    const response = await upload(photoForm(await astronaut()), { accept });
    expect(response.headers.get('content-type')).toBe(`image/${expected}`);
    expect(response.headers.get('content-disposition')).toMatch(expected === 'jpeg' ? /\.jpg"$/ : /\.png"$/);
    expect((await sharp(Buffer.from(await response.arrayBuffer())).metadata()).format).toBe(expected);
  });

  it('gives the format that the form names, whatever is accepted', async () => {
    await start();
    const response = await upload(photoForm(await astronaut(), { format: 'jpeg' }), { accept: '*/*' });
    expect(response.headers.get('content-type')).toBe('image/jpeg');
  });

  it('tells programs what is wrong as a problem document, with the sentence as its detail', async () => {
    await start();
    const response = await upload(new FormData(), { accept: '*/*' });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: createTexts('en').error('no_photo'),
      code: 'no_photo',
    });
  });

  it('uses the default style when none is named, also by an empty field', async () => {
    await start();
    const styles: string[] = [];
    service.queue.on('queued', ({ job }) => styles.push(job.style));
    const photo = await astronaut();
    expect((await upload(photoForm(photo))).status).toBe(200);
    expect((await upload(photoForm(photo, { style: '' }))).status).toBe(200);
    expect(styles).toEqual(['3d', '3d']);
  });

  it.each([
    ['no file at all', () => new FormData()],
    ['a form with other fields only', () => form({ style: '3d' })],
    ['text in the field of the file', () => form({ file: 'photo.jpg' })],
    ['an empty name, as browsers send when nothing was chosen', () => photoForm(new Uint8Array(), {}, '')],
    ['an empty file', () => photoForm(new Uint8Array())],
  ])('answers 400 with a clear text for %s', async (_, body) => {
    await start();
    const response = await upload(body());
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toBe(errors('en')('no_photo'));
    expect(service.engine.begun).toBe(0);
  });

  it('answers 400 for no body, a body that is no form, and a form that is broken', async () => {
    await start();
    const { badForm } = createTexts('en').web.problems;
    const empty = await fetch(`${service.url}/upload`, {
      method: 'POST',
      headers: { accept: 'text/plain' },
    });
    expect([empty.status, await empty.text()]).toEqual([400, errors('en')('no_photo')]);
    for (const [type, body] of [
      ['application/json', '{}'],
      ['multipart/form-data', 'no boundary'],
      ['multipart/form-data; boundary=x', 'no parts'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nabc',
      ],
      ['multipart/form-data; boundary=x', '--x\r\nnot a header\r\n\r\nabc'],
    ] as const) {
      const response = await upload(body, { 'content-type': type });
      expect([type, body, response.status, await response.text()]).toEqual([type, body, 400, `${badForm}\n`]);
    }
  });

  it('has nothing to fear from any form', async () => {
    await start({ env: { WEB_RATE_LIMIT: '0' }, limits: { requestsPerMinute: 0 } });
    const tiny = await sharp({ create: { width: 32, height: 32, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const part = (disposition: string, body: string) =>
      `--x\r\nContent-Disposition: ${disposition}\r\n\r\n${body}\r\n`;
    const whole = [
      part('form-data; name="style"', '3d'),
      part('form-data; name="__proto__"', 'polluted'),
      part('form-data; name="other"; filename="b.png"', 'ignored'),
      part('attachment', 'skipped'),
      part('form-data; name="file"; filename="a.png"', tiny.toString('latin1')),
      '--x--\r\n',
    ].join('');
    const send = (body: string) =>
      upload(Buffer.from(body, 'latin1'), { 'content-type': 'multipart/form-data; boundary=x' });
    expect((await send(whole)).status).toBe(200);
    const at = fc.nat(whole.length);
    await fc.assert(
      fc.asyncProperty(at, at, fc.string({ maxLength: 6 }), async (start, end, between) => {
        const { status } = await send(whole.slice(0, start) + between + whole.slice(end));
        expect([200, 400, 415, 422]).toContain(status);
      }),
      { numRuns: 150 },
    );
    expect(Object.prototype).not.toHaveProperty('polluted');
    expect((await send(whole)).status).toBe(200);
    expect(service.logs.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  }, 60_000);

  it('takes one photo at a time, so that none is lost in silence', async () => {
    await start();
    const two = photoForm(await astronaut());
    two.append('file', new Blob([new Uint8Array(await astronaut())]), 'second.png');
    const response = await upload(two);
    expect([response.status, await response.text()]).toEqual([
      400,
      `${createTexts('en').web.problems.onePhoto}\n`,
    ]);
  });

  it('ignores hostile names', async () => {
    await start();
    const photo = await astronaut();
    for (const name of ['../../etc/passwd', 'C:\\x.png', '\u202egnp.exe', 'ü'.repeat(300), '<script>.svg']) {
      const response = await upload(photoForm(photo, {}, name));
      expect([name, response.status]).toEqual([name, 200]);
      expect(response.headers.get('content-disposition')).toBe('attachment; filename="cartoon_result.png"');
    }
    expect(service.logs.join('')).not.toContain('passwd');
  });

  it('answers 422 for an unknown style before anything is drawn', async () => {
    await start();
    for (const style of ['nope', '__proto__', '../3d']) {
      const response = await upload(photoForm(await astronaut(), { style }));
      expect([response.status, await response.text()]).toEqual([422, errors('en')('unknown_style')]);
    }
    expect((await upload(photoForm(await astronaut(), { style: 'x'.repeat(1000) }))).status).toBe(400);
    expect(service.engine.begun).toBe(0);
  });

  it('answers 415 for what is no picture, and never echoes it', async () => {
    await start();
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg');
    const response = await upload(photoForm(svg, {}, 'x.svg'));
    expect(response.status).toBe(415);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toBe(errors('en')('unsupported_format'));
  });

  it.each<[ErrorCode, number]>([
    ['too_many_pixels', 413],
    ['broken_image', 422],
    ['timeout', 500],
    ['crashed', 500],
  ])('passes the failure %s on as %i with its sentence', async (code, status) => {
    await start();
    service.engine.failWith = code;
    const response = await upload(photoForm(await astronaut()));
    expect([response.status, await response.text()]).toEqual([status, errors('en')(code)]);
  });

  it('says about HEIC what helps here, not in a chat', async () => {
    await start();
    service.engine.failWith = 'heic';
    const response = await upload(photoForm(await astronaut()));
    expect([response.status, await response.text()]).toEqual([415, `${createTexts('en').web.heic}\n`]);
  });

  it('says it in the language of the request', async () => {
    await start();
    const response = await upload(new FormData(), { 'accept-language': 'fr;q=0.9, de-AT;q=0.8, en;q=0.1' });
    expect(await response.text()).toBe(errors('de')('no_photo'));
  });
});

describe('limits of /upload', () => {
  const small = { photoBytes: 300_000, formSlackBytes: 1000 };

  it('answers 413 for an announced body over the limit, without reading it', async () => {
    await start({ limits: small });
    const answer = await raw(
      'POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 99999999\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain(createTexts('en').error('too_large', { megabytes: 0 }));
  });

  it('answers 413 for a body that announced nothing and goes on and on', async () => {
    await start({ limits: small });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${service.url}/upload`, {
        method: 'POST',
        headers: { 'Content-Type': 'multipart/form-data; boundary=x', 'Transfer-Encoding': 'chunked' },
      });
      request.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
        request.destroy();
      });
      request.on('error', reject);
      const chunk = Buffer.alloc(64_000, 'a');
      const send = () => {
        if (!request.destroyed) request.write(chunk, () => setTimeout(send, 1));
      };
      send();
    });
    expect(status).toBe(413);
  });

  it('answers 413 for a photo over the limit in a form within its slack', async () => {
    await start({ limits: { photoBytes: 1000, formSlackBytes: 10_000 } });
    const response = await upload(photoForm(Buffer.alloc(1001)));
    expect(response.status).toBe(413);
  });

  it('lets a sender of too much read why, though it was still sending', async () => {
    await start();
    for (let n = 0; n < 3; n += 1) {
      const response = await upload(photoForm(Buffer.alloc(24 * 1024 * 1024)));
      expect([response.status, await response.text()]).toEqual([413, errors('en')('too_large')]);
    }
  });

  it('counts huge fields as part of the body', async () => {
    await start({ limits: small });
    const response = await upload(photoForm(await astronaut(), { style: 'x'.repeat(400_000) }));
    expect(response.status).toBe(413);
  });

  it('gives up on a sender that stops sending, and on one that promises more than it sends', async () => {
    await start({ limits: { bodyIdleMs: 300 } });
    const head =
      'POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n';
    const answer = await raw(`${head}Content-Length: 5000\r\n\r\n--x\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain(createTexts('en').web.problems.slow);
  });

  it('gives up on a sender that drips', async () => {
    await start({ limits: { bodyIdleMs: 5000, bodyTotalMs: 600 } });
    const { hostname, port } = new URL(service.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.write(
        'POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000\r\n\r\n',
      );
      const drip = setInterval(() => socket.write('-'), 50);
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => {
        clearInterval(drip);
        resolve(text);
      });
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('answers 503 when the bodies of all clients together are too much, and recovers', async () => {
    await start({ limits: { bodyBudgetBytes: 100_000 } });
    const response = await upload(photoForm(await astronaut()));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const small = await sharp(await astronaut())
      .resize(64)
      .png()
      .toBuffer();
    for (let n = 0; n < 20; n += 1) expect((await upload(photoForm(small))).status).toBe(200);
  });

  it('answers 429 with Retry-After over the photos per minute', async () => {
    await start({ env: { WEB_RATE_LIMIT: '2' } });
    const small = await sharp(await astronaut())
      .resize(64)
      .png()
      .toBuffer();
    const statuses: number[] = [];
    let last: Response | undefined;
    for (let n = 0; n < 5; n += 1) {
      last = await upload(photoForm(small));
      statuses.push(last.status);
    }
    expect(statuses.slice(-1)).toEqual([429]);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(last?.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  it('answers 429 over the photos of one user, 503 when the queue is full', async () => {
    let release = () => {};
    await start({ queue: { limitPerUser: 2, limit: 3 }, env: { TRUST_PROXY: '1' } });
    service.engine.hold = new Promise((resolve) => {
      release = resolve;
    });
    const photo = await astronaut();
    const from = (address: string) => upload(photoForm(photo), { 'x-forwarded-for': address });
    const first = [from('10.0.0.1'), from('10.0.0.1')];
    await until(() => service.queue.counts().queued + service.queue.counts().processing === 2);
    const limited = await from('10.0.0.1');
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toMatch(/^\d+$/);
    first.push(from('10.0.0.2'));
    await until(() => service.queue.counts().queued + service.queue.counts().processing === 3);
    const full = await from('10.0.0.3');
    expect(full.status).toBe(503);
    expect(full.headers.get('retry-after')).toMatch(/^\d+$/);
    release();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('answers 503 while the queue is drained, but still answers what was accepted', async () => {
    let release = () => {};
    await start();
    service.engine.hold = new Promise((resolve) => {
      release = resolve;
    });
    const accepted = upload(photoForm(await astronaut()));
    await until(() => service.engine.begun === 1);
    const drained = service.queue.drain(10_000);
    const refused = await upload(photoForm(await astronaut()));
    expect([refused.status, await refused.text()]).toEqual([503, errors('en')('shutting_down')]);
    release();
    expect((await accepted).status).toBe(200);
    expect(await drained).toBe(0);
  });
});

describe('a client that goes away', () => {
  it('cancels its running photo and its waiting one', async () => {
    await start();
    service.engine.hold = new Promise(() => {});
    const [running, waiting] = [new AbortController(), new AbortController()];
    const photo = await astronaut();
    const send = (signal: AbortSignal) =>
      fetch(`${service.url}/upload`, { method: 'POST', body: photoForm(photo), signal }).catch(() => 'gone');
    const first = send(running.signal);
    await until(() => service.engine.begun === 1);
    const second = send(waiting.signal);
    await until(() => service.queue.counts().queued === 1);
    waiting.abort();
    await until(() => service.queue.counts().queued === 0);
    expect(service.engine.aborted).toBe(0);
    running.abort();
    await until(() => service.engine.aborted === 1);
    expect(await Promise.all([first, second])).toEqual(['gone', 'gone']);
    expect(service.engine.begun).toBe(1);
  });

  it('is not taken for a failure when it leaves in the middle of its upload', async () => {
    await start();
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    const head =
      'POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n';
    socket.write(`${head}Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n--x`);
    // The server's "100 Continue": the request is being handled.
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await until(() => service.logs.some((line) => line.includes('"route":"/upload"')));
    expect(service.logs.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
    expect((await upload(photoForm(await astronaut()))).status).toBe(200);
  });
});

function form(fields: Record<string, string>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return body;
}
