import { get } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTexts, LOCALES } from '../../src/texts/index.ts';
import { type Service, startService, until } from './harness.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ limits: { requestsPerMinute: 0 } });
});
afterAll(() => service.stop());

const page = async (headers: Record<string, string> = {}, query = '') =>
  (await fetch(`${service.url}/${query}`, { headers })).text();
const headline = (html: string) => /<h1>(.*?)<\/h1>/.exec(html)?.[1];
const tagline = (locale: (typeof LOCALES)[number]) => createTexts(locale).web.tagline;

/** The body exactly as it was on the wire; `fetch` would decompress it. */
function wire(path: string, headers: Record<string, string>): Promise<{ encoding: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(service.url + path, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'] ?? '', body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}

describe('GET /', () => {
  it.each(LOCALES)('speaks %s', async (locale) => {
    const html = await page({ 'accept-language': locale });
    expect(headline(html)).toBe(tagline(locale));
    expect(html).toContain(`<html lang="${locale === 'zh' ? 'zh-Hans' : locale}">`);
    expect(html).toContain(`<option value="${locale}" selected>`);
  });

  it('takes the best language the browser names, the switch before it, and remembers the switch', async () => {
    expect(headline(await page({ 'accept-language': 'fr, uk;q=0.5, de;q=0.8' }))).toBe(tagline('de'));
    expect(headline(await page({ 'accept-language': 'fr' }))).toBe(tagline('en'));
    expect(headline(await page({ 'accept-language': 'en-GB, de;q=0.5' }))).toBe(tagline('en'));
    const response = await fetch(`${service.url}/?lang=ru`, { headers: { 'accept-language': 'de' } });
    expect(headline(await response.text())).toBe(tagline('ru'));
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^lang=ru; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(headline(await page({ cookie: 'lang=ru', 'accept-language': 'de' }))).toBe(tagline('ru'));
    expect(headline(await page({ cookie: 'lang=%00<x>', 'accept-language': 'de' }))).toBe(tagline('de'));
  });

  it('sets no cookie unless a language is chosen, and none for a language there is not', async () => {
    for (const query of ['', '?lang=tlh'])
      expect((await fetch(`${service.url}/${query}`)).headers.get('set-cookie')).toBeNull();
  });

  it('names nothing outside the server', async () => {
    const html = await page();
    const addresses = [...html.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, address]) => address);
    expect(addresses.length).toBeGreaterThan(8);
    for (const address of addresses) expect(address).toMatch(/^\/(?!\/)/);
  });

  it('escapes what comes from the model manifest', async () => {
    const hostile = await startService({
      styles: [
        {
          id: '3d',
          title: '</script><img src=x>"\'',
          titles: {},
          description: '"><img src=x>',
          descriptions: {},
        },
      ],
    });
    const html = await (await fetch(hostile.url)).text();
    await hostile.stop();
    expect(html).not.toContain('<img src=x>');
    expect(html).toContain('&lt;/script&gt;&lt;img src=x&gt;&quot;&#39;');
  });

  it('is a form without its script', async () => {
    const html = await page();
    expect(html).toContain('method="post" action="/upload" enctype="multipart/form-data"');
    expect(html).toMatch(/<noscript><button[^>]*type="submit"/);
  });
});

describe('headers', () => {
  it.each(['/', '/healthz', '/openapi.json', '/nothing', '/api/styles', '/api/nothing'])(
    'of %s are safe ones',
    async (path) => {
      const { headers } = await fetch(service.url + path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-frame-options': 'DENY',
      });
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none'/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});

describe('methods and addresses', () => {
  it.each([
    ['PUT', '/', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['GET', '/upload', 'POST'],
    ['DELETE', '/api/styles', 'GET, HEAD'],
    ['PATCH', '/api/jobs', 'POST'],
    ['PUT', `/api/jobs/web-${crypto.randomUUID()}`, 'DELETE, GET, HEAD'],
  ])('%s %s is 405 with what is allowed: %s', async (method, path, allowed) => {
    const response = await fetch(service.url + path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')?.split(', ').sort().join(', ')).toBe(allowed);
    expect(await response.text()).toContain(createTexts('en').web.problems.methodNotAllowed);
  });

  it.each([
    '/nothing',
    '/upload/',
    '/assets/',
    '/assets/x/nothing.js',
    '/assets/x/..%2fserver.ts',
    '/assets/x/tsconfig.json',
    '/.env',
  ])('%s is 404', async (path) => {
    const response = await fetch(service.url + path, { headers: { 'accept-language': 'uk' } });
    expect(response.status).toBe(404);
    expect(await response.text()).toBe(`${createTexts('uk').web.problems.notFound}\n`);
  });

  it.each(['/', '/healthz', '/api/styles'])('HEAD %s is GET without its body', async (path) => {
    const [head, full] = [
      await fetch(service.url + path, { method: 'HEAD' }),
      await fetch(service.url + path),
    ];
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    const shown = ({ headers }: Response) =>
      Object.fromEntries(
        [...headers].filter(([name]) => /^(content-(?!length|encoding)|etag|cache)/.test(name)),
      );
    expect(shown(head)).toEqual(shown(full));
  });
});

describe('assets', () => {
  const stylesheet = async () => /href="([^"]*page\.css)"/.exec(await page())?.[1] ?? '';

  it('may be kept for ever, under an address that changes with them', async () => {
    const path = await stylesheet();
    const { headers } = await fetch(service.url + path);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('content-type')).toBe('text/css; charset=utf-8');
    const other = await fetch(service.url + path.replace(/assets\/[^/]+/, 'assets/old'));
    expect([other.status, other.headers.get('cache-control')]).toEqual([200, 'no-cache']);
  });

  it('are not sent again to who has them', async () => {
    for (const path of [await stylesheet(), '/']) {
      const { headers } = await fetch(service.url + path);
      const etag = headers.get('etag') ?? '';
      const again = await fetch(service.url + path, { headers: { 'if-none-match': `"x", ${etag}` } });
      expect([path, again.status, await again.text()]).toEqual([path, 304, '']);
      expect(again.headers.get('etag')).toBe(etag);
      const changed = await fetch(service.url + path, { headers: { 'if-none-match': '"x"' } });
      expect(changed.status).toBe(200);
    }
  });

  it('are compressed for who can read it', async () => {
    for (const path of ['/', await stylesheet()]) {
      const plain = await wire(path, {});
      const br = await wire(path, { 'accept-encoding': 'gzip, br' });
      const gzip = await wire(path, { 'accept-encoding': 'gzip, br;q=0' });
      expect([plain.encoding, br.encoding, gzip.encoding]).toEqual(['', 'br', 'gzip']);
      expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true);
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
      expect(br.body.length).toBeLessThan(plain.body.length / 2);
    }
  });
});

describe('client addresses', () => {
  it('warns once when a proxy is in front and nobody said so', async () => {
    for (let n = 0; n < 3; n += 1)
      await fetch(`${service.url}/healthz`, { headers: { 'x-forwarded-for': '1.2.3.4' } });
    expect(service.logs.filter((line) => line.includes('TRUST_PROXY'))).toHaveLength(1);
  });

  it('are never written to a log', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['POST', '/upload'],
      ['DELETE', `/api/jobs/web-${crypto.randomUUID()}`],
    ] as const) {
      const seen = service.logs.length;
      await fetch(service.url + path, { method, headers: { 'x-forwarded-for': '1.2.3.4' } });
      await until(() => service.logs.length > seen);
    }
    expect(service.logs.join('')).not.toMatch(/127\.0\.0\.1|1\.2\.3\.4/);
  });
});

describe('found and kept', () => {
  const fetched = async (path: string) => {
    const response = await fetch(service.url + path);
    expect(response.status).toBe(200);
    return { type: response.headers.get('content-type'), body: Buffer.from(await response.arrayBuffer()) };
  };

  it.each(LOCALES)(
    'has a manifest in %s that the page names, whose icons are what it says',
    async (locale) => {
      const link = /rel="manifest" href="([^"]+)"/.exec(await page({ 'accept-language': locale }))?.[1] ?? '';
      const { type, body } = await fetched(link);
      expect(type).toBe('application/manifest+json');
      const manifest = JSON.parse(String(body));
      expect(manifest).toMatchObject({
        name: createTexts(locale).web.title,
        lang: locale,
        start_url: '/',
        display: 'standalone',
      });
      for (const { src, type: announced, sizes, purpose } of manifest.icons) {
        const icon = await fetched(src);
        expect(icon.type).toBe(announced);
        if (announced !== 'image/png') continue;
        const { width, height, hasAlpha } = await sharp(icon.body).metadata();
        expect(`${width}x${height}`).toBe(sizes);
        // A home screen cuts its own shape out of it: nothing may be transparent.
        if (purpose === 'maskable')
          expect(hasAlpha && !(await sharp(icon.body).stats()).isOpaque).toBe(false);
      }
      const purposes = manifest.icons.map(({ purpose }: { purpose: string }) => purpose);
      expect(purposes).toContain('maskable');
    },
  );

  it('has the icons that browsers and phones ask for', async () => {
    const ico = await fetched('/favicon.ico');
    expect(ico.type).toBe('image/x-icon');
    expect([...ico.body.subarray(0, 6)]).toEqual([0, 0, 1, 0, 3, 0]);
    const offset = ico.body.readUInt32LE(6 + 12);
    expect((await sharp(ico.body.subarray(offset)).metadata()).width).toBe(16);
    const touch = /rel="apple-touch-icon" href="([^"]+)"/.exec(await page())?.[1] ?? '';
    expect((await sharp((await fetched(touch)).body).metadata()).width).toBe(180);
  });

  it('tells chats what a link to it shows, by whole addresses where its own is known', async () => {
    const property = (html: string, name: string) =>
      new RegExp(`property="${name}" content="([^"]*)"`).exec(html)?.[1] ?? '';
    const html = await page({ 'accept-language': 'de' });
    expect(property(html, 'og:title')).toBe(tagline('de'));
    const { type, body } = await fetched(property(html, 'og:image'));
    expect(type).toBe('image/jpeg');
    expect(await sharp(body).metadata()).toMatchObject({ width: 1200, height: 630 });
    for (const [env, origin] of [
      [{ ALLOWED_HOSTS: 'cartoons.example,localhost' }, 'https://cartoons.example'],
      [
        { TELEGRAM_WEBHOOK_URL: 'https://bots.example/telegram', TELEGRAM_WEBHOOK_SECRET: 'x'.repeat(32) },
        'https://bots.example',
      ],
    ] as const) {
      const known = await startService({ env });
      const answer = await (await fetch(known.url)).text();
      await known.stop();
      expect(property(answer, 'og:image')).toMatch(`${origin}/assets/`);
      expect(property(answer, 'og:url')).toBe(`${origin}/`);
    }
  });
});
