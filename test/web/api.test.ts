import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { createTexts } from '../../src/texts/index.ts';
import type { JobView } from '../../src/web/schemas.ts';
import { astronaut } from '../support/photos.ts';
import { photoForm, type Service, type ServiceOptions, startService, until } from './harness.ts';
import { openApiChecker } from './openapi-checker.ts';

let service: Service;
let check: Awaited<ReturnType<typeof openApiChecker>>;
const start = async (options?: ServiceOptions) => {
  service = await startService(options);
  check = await openApiChecker(service.url);
  return service;
};
afterEach(() => service.stop());

/** A request whose answer must be one that the OpenAPI document describes. */
async function call(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(service.url + path, { ...init, method });
  await check(method, path, response.clone());
  return response;
}

async function submit(
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await call('POST', '/api/jobs', { body: photoForm(await astronaut(), fields), headers });
  expect(response.status).toBe(202);
  const { url } = (await response.json()) as { url: string };
  expect(response.headers.get('location')).toBe(url);
  return url;
}

const job = async (url: string, headers: Record<string, string> = {}) =>
  (await (await call('GET', url, { headers })).json()) as JobView;
const finished = (url: string) => until(async () => ['done', 'failed'].includes((await job(url)).state));

/** Holds every photo in its first stage until the returned function is called. */
function hold(): () => void {
  let release = () => {};
  service.engine.hold = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}

interface ServerEvent {
  readonly event: string;
  readonly data: JobView;
}

/** Reads an event stream to its end. */
async function events(url: string, init: RequestInit = {}, onEvent?: (event: ServerEvent) => void) {
  const response = await fetch(`${service.url}${url}/events`, init);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const seen: ServerEvent[] = [];
  let rest = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const event = /^event: (.*)$/m.exec(part)?.[1];
      if (!event) continue;
      const data = JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? '') as JobView;
      seen.push({ event, data });
      onEvent?.({ event, data });
    }
  }
  return seen;
}

describe('jobs', () => {
  it('are accepted, worked and fetched', async () => {
    await start();
    const url = await submit({ style: 'sketch' });
    await finished(url);
    const view = await job(url);
    if (view.state !== 'done') throw new Error(view.state);
    expect(view.result).toMatchObject({ format: 'jpeg', width: 512, height: 512, faces: 1 });
    expect(view.message).toBe(createTexts('en').result.faces({ count: 1 }));
    const result = await call('GET', view.result.url);
    expect(result.headers.get('content-type')).toBe('image/jpeg');
    expect(result.headers.get('cache-control')).toBe('no-store');
    const picture = Buffer.from(await result.arrayBuffer());
    expect(picture.length).toBe(view.result.bytes);
    expect((await sharp(picture).metadata()).format).toBe('jpeg');
  });

  it('can be asked for as PNG, in any language', async () => {
    await start();
    service.engine.faces = 0;
    const url = await submit({ format: 'png', strength: '60' });
    await finished(url);
    const view = await job(url, { 'accept-language': 'ru' });
    expect(view.message).toBe(createTexts('ru').result.noFace);
    const head = await fetch(`${service.url}${url}/result`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(
      (await call('POST', '/api/jobs', { body: photoForm(await astronaut(), { format: 'svg' }) })).status,
    ).toBe(400);
  });

  it('say their place and what they are doing', async () => {
    await start();
    const release = hold();
    const [first, second, third] = [await submit(), await submit(), await submit()];
    await until(async () => (await job(first)).state === 'processing');
    expect(await job(first)).toMatchObject({ stage: 'decode' });
    expect(await job(second)).toMatchObject({ state: 'queued' });
    const last = await job(third, { 'accept-language': 'de' });
    if (last.state !== 'queued') throw new Error(last.state);
    expect(last.ahead).toBeGreaterThan(0);
    expect(last.message).toBe(createTexts('de').web.queue({ ahead: last.ahead, seconds: last.etaSeconds }));
    const early = await call('GET', `${first}/result`);
    expect([early.status, early.headers.get('retry-after')]).toEqual([409, '1']);
    release();
    await finished(third);
  });

  it('fail with a code and a sentence, and their result says the same', async () => {
    await start();
    service.engine.failWith = 'broken_image';
    const url = await submit();
    await finished(url);
    const message = createTexts('es').error('broken_image');
    expect(await job(url, { 'accept-language': 'es' })).toMatchObject({
      state: 'failed',
      message,
      error: { code: 'broken_image' },
    });
    const result = await call('GET', `${url}/result`, { headers: { 'accept-language': 'es' } });
    expect(result.status).toBe(422);
    expect(result.headers.get('content-type')).toBe('application/problem+json');
    expect(await result.json()).toMatchObject({ detail: message, code: 'broken_image', status: 422 });
  });

  it('are cancelled while they run and while they wait', async () => {
    await start();
    hold();
    const [running, waiting] = [await submit(), await submit()];
    await until(() => service.engine.begun === 1);
    expect((await call('DELETE', waiting)).status).toBe(204);
    expect((await call('DELETE', running)).status).toBe(204);
    await until(() => service.engine.aborted === 1);
    await until(async () => (await job(running)).state === 'failed');
    expect(await job(running)).toMatchObject({ state: 'failed', error: { code: 'cancelled' } });
    expect(service.engine.begun).toBe(1);
  });

  it('are deleted with their cartoon when the user says so', async () => {
    await start();
    const url = await submit();
    await finished(url);
    expect((await call('DELETE', url)).status).toBe(204);
    for (const path of [url, `${url}/result`, `${url}/events`])
      expect((await call('GET', path)).status).toBe(404);
    expect((await call('DELETE', url)).status).toBe(404);
  });

  it('with the same idempotency key of the same client are one', async () => {
    await start();
    const urls = [];
    for (let n = 0; n < 3; n += 1) urls.push(await submit({}, { 'idempotency-key': 'again' }));
    await finished(urls[0] ?? '');
    urls.push(await submit({}, { 'idempotency-key': 'again' }));
    expect(new Set(urls).size).toBe(1);
    expect(service.engine.begun).toBe(1);
    expect(await submit({}, { 'idempotency-key': 'other' })).not.toBe(urls[0]);
    const bad = await call('POST', '/api/jobs', {
      body: photoForm(await astronaut()),
      headers: { 'idempotency-key': 'x'.repeat(300) },
    });
    expect(bad.status).toBe(400);
  });

  it('with the same key of different clients are two', async () => {
    await start({ env: { TRUST_PROXY: '1' } });
    const key = { 'idempotency-key': 'k' };
    expect(await submit({}, { ...key, 'x-forwarded-for': '1.2.3.4' })).not.toBe(
      await submit({}, { ...key, 'x-forwarded-for': '1.2.3.5' }),
    );
  });

  it('are deleted once fetched when nothing may be kept', async () => {
    await start({ env: { KEEP_MINUTES: '0' } });
    const url = await submit();
    await finished(url);
    expect((await call('GET', `${url}/result`)).status).toBe(200);
    expect((await call('GET', `${url}/result`)).status).toBe(404);
  });

  it('are unknown under ids that are none, without a look at anything', async () => {
    await start();
    for (const id of ['x', 'web-1', '..%2f..%2fetc', 'tg-42-1', `web-${'0'.repeat(36)}`]) {
      for (const method of ['GET', 'DELETE'])
        expect([id, (await fetch(`${service.url}/api/jobs/${id}`, { method })).status]).toEqual([id, 404]);
    }
  });

  it('refuse what /upload refuses, as problem documents', async () => {
    await start({ env: { WEB_RATE_LIMIT: '4' } });
    const post = async (body: FormData) => {
      const response = await call('POST', '/api/jobs', { body });
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    expect(await post(new FormData())).toEqual([400, 'no_photo']);
    expect(await post(photoForm(await astronaut(), { style: 'nope' }))).toEqual([422, 'unknown_style']);
    let last: unknown[] = [];
    for (let n = 0; n < 6; n += 1) last = await post(new FormData());
    expect(last).toEqual([429, 'rate_limited']);
  });
});

describe('events', () => {
  it('tell places, stages and the end', async () => {
    await start();
    service.engine.stageMs = 60;
    service.engine.faces = 5;
    const release = hold();
    const first = await submit();
    const second = await submit();
    const following = events(second, { headers: { 'accept-language': 'de' } }, release);
    const seen = await following;
    expect(seen[0]?.event).toBe('position');
    expect(seen.map(({ event }) => event)).toContain('stage');
    expect(seen.map(({ data }) => data.message)).toContain(
      createTexts('de').status.face({ number: 1, total: 5 }),
    );
    const stages = seen.flatMap(({ data }) => (data.state === 'processing' ? [data.stage] : []));
    expect(stages.indexOf('faces')).toBeGreaterThanOrEqual(0);
    expect(stages.indexOf('style')).toBeGreaterThan(stages.indexOf('faces'));
    const last = seen.at(-1);
    expect(last?.event).toBe('done');
    expect(last?.data).toEqual(await job(second, { 'accept-language': 'de' }));
    expect((await job(first)).state).toBe('done');
  });

  it('of a finished job are its end alone', async () => {
    await start();
    service.engine.failWith = 'timeout';
    const url = await submit();
    await finished(url);
    expect(await events(url)).toEqual([{ event: 'failed', data: await job(url) }]);
  });

  it('tell a cancelled job at once', async () => {
    await start();
    hold();
    const url = await submit();
    const following = events(url);
    await until(() => service.engine.begun === 1);
    await call('DELETE', url);
    expect((await following).at(-1)?.data).toMatchObject({ state: 'failed', error: { code: 'cancelled' } });
  });

  it('end when the listener leaves, and the job goes on', async () => {
    await start({ limits: { streamsPerClient: 1 } });
    const release = hold();
    const url = await submit();
    const controller = new AbortController();
    const left = events(url, { signal: controller.signal }, () => controller.abort()).catch(() => 'left');
    expect(await left).toBe('left');
    // Its place is free again.
    await until(async () => {
      const probe = new AbortController();
      const { status } = await fetch(`${service.url}${url}/events`, { signal: probe.signal });
      probe.abort();
      return status === 200;
    });
    release();
    await finished(url);
    expect((await job(url)).state).toBe('done');
  });

  it('are limited in number per client', async () => {
    await start({ limits: { streamsPerClient: 2 } });
    const release = hold();
    const url = await submit();
    const open = [events(url), events(url)];
    await until(async () => {
      const probe = new AbortController();
      const { status } = await fetch(`${service.url}${url}/events`, { signal: probe.signal });
      probe.abort();
      return status === 429;
    });
    release();
    for (const seen of await Promise.all(open)) expect(seen.at(-1)?.event).toBe('done');
  });

  it('end when the server stops, which does not wait for them', async () => {
    await start();
    hold();
    let first = false;
    const following = events(await submit(), {}, () => {
      first = true;
    });
    await until(() => first);
    const started = Date.now();
    await service.web.stop();
    expect(Date.now() - started).toBeLessThan(5000);
    expect((await following).at(-1)?.event).not.toBe('done');
  });
});

describe('the rest of the API', () => {
  it('lists the styles in the language of the request', async () => {
    await start();
    const response = await call('GET', '/api/styles', { headers: { 'accept-language': 'de' } });
    expect(await response.json()).toEqual({
      default: '3d',
      styles: [
        { id: '3d', title: '3D-Film', description: 'Sieht aus wie 3D-Film' },
        { id: 'anime', title: 'Anime', description: 'Sieht aus wie Anime' },
        { id: 'sketch', title: 'Bleistift', description: 'Sieht aus wie Bleistift' },
      ],
    });
    // A language that the manifest does not have.
    const other = await call('GET', '/api/styles', { headers: { 'accept-language': 'ru' } });
    expect(await other.json()).toMatchObject({ styles: [{ description: '3D film look' }, {}, {}] });
  });

  it('asks for the key on everything that is work or knowledge, when there is one', async () => {
    const key = 'a-key-of-enough-length';
    await start({ env: { WEB_API_KEY: key } });
    const photo = await astronaut();
    const requests: [string, string, RequestInit][] = [
      ['POST', '/upload', { body: photoForm(photo) }],
      ['POST', '/api/jobs', { body: photoForm(photo) }],
      ['GET', '/api/styles', {}],
      ['GET', `/api/jobs/web-${crypto.randomUUID()}`, {}],
      ['DELETE', `/api/jobs/web-${crypto.randomUUID()}`, {}],
    ];
    for (const [method, path, init] of requests) {
      for (const headers of [
        {},
        { authorization: 'Bearer wrong' },
        { 'x-api-key': `${key}x` },
        { authorization: key },
      ]) {
        const response = await call(method, path, { ...init, headers });
        expect([path, response.status]).toEqual([path, 401]);
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
    }
    expect(service.engine.begun).toBe(0);
    for (const headers of [{ authorization: `Bearer ${key}` }, { 'x-api-key': key }]) {
      expect((await call('POST', '/upload', { body: photoForm(photo), headers })).status).toBe(200);
      expect((await call('GET', '/api/styles', { headers })).status).toBe(200);
    }
    for (const path of ['/', '/healthz', '/readyz', '/openapi.json']) {
      expect((await fetch(service.url + path)).status).toBe(200);
    }
    expect(service.logs.join('')).not.toContain(key);
  });

  it('refuses what other websites make browsers send', async () => {
    await start();
    const url = await submit();
    for (const site of ['cross-site', 'same-site']) {
      const headers = { 'sec-fetch-site': site };
      const body = photoForm(await astronaut());
      expect((await call('POST', '/upload', { body, headers })).status).toBe(403);
      expect((await call('POST', '/api/jobs', { body: photoForm(await astronaut()), headers })).status).toBe(
        403,
      );
      expect((await fetch(service.url + url, { method: 'DELETE', headers })).status).toBe(403);
    }
    const own = { 'sec-fetch-site': 'same-origin' };
    expect((await call('POST', '/upload', { body: photoForm(await astronaut()), headers: own })).status).toBe(
      200,
    );
  });

  it('tells whether the service lives and is ready, and why not', async () => {
    const reasons: string[] = [];
    await start({ web: { notReady: () => reasons } });
    expect(await (await call('GET', '/healthz')).json()).toEqual({ status: 'ok' });
    expect(await (await call('GET', '/readyz')).json()).toEqual({ ready: true, reasons: [] });
    reasons.push('the model is not loaded');
    const response = await call('GET', '/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, reasons: ['the model is not loaded'] });
  });

  it('has an OpenAPI document that names every route there is', async () => {
    await start();
    const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
    };
    expect(document.openapi).toBe('3.1.0');
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = service.web.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
      .filter(
        (route) =>
          ![
            'GET /',
            'GET /assets/{version}/{name}',
            'GET /openapi.json',
            'GET /docs',
            'GET /favicon.ico',
            'GET /service-worker.js',
            'GET /manifest.webmanifest',
          ].includes(route),
      );
    expect(documented.sort()).toEqual([...new Set(served)].sort());
  });

  it('serves routes of others outside its own limits', async () => {
    const seen: string[] = [];
    await start({
      limits: { requestsPerMinute: 3 },
      web: {
        extraRoutes: [
          {
            method: 'POST',
            path: '/hook',
            handle: async (request) => {
              seen.push(await request.text());
              return new Response('taken', { status: 202 });
            },
          },
        ],
      },
    });
    for (let n = 0; n < 10; n += 1) {
      const headers = { 'sec-fetch-site': 'cross-site' };
      const response = await fetch(`${service.url}/hook`, { method: 'POST', body: `${n}`, headers });
      expect([response.status, await response.text()]).toEqual([202, 'taken']);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(seen).toHaveLength(10);
    const statuses = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await fetch(`${service.url}/api/styles`)).status);
    expect(statuses).toContain(429);
    // Whoever watches the service is never turned away.
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  });
});
