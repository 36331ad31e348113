import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type Service, startService } from '../harness.ts';

let service: Service;
afterEach(() => service.stop());

it('refuses who is far beyond the limit without a word, and nobody else', async () => {
  const hook = { method: 'POST', path: '/hook', handle: async () => new Response('taken') } as const;
  service = await startService({
    env: { TRUST_PROXY: '1' },
    limits: { requestsPerMinute: 5 },
    web: { extraRoutes: [hook] },
  });
  const ask = (visitor: number, path = '/api/styles', method = 'GET') =>
    fetch(service.url + path, { method, headers: { 'x-forwarded-for': `10.0.0.${visitor}` } });
  const statuses = [];
  for (let number = 0; number < 10; number++) {
    const response = await ask(1);
    statuses.push(response.status);
    // Up to twice the limit it is said in words.
    expect((await response.text()).length).toBeGreaterThan(0);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429]);
  for (const path of ['/api/styles', '/nothing?a=b']) {
    const refused = await ask(1, path);
    expect([refused.status, refused.headers.get('connection'), await refused.text()]).toEqual([
      429,
      'close',
      '',
    ]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect((await ask(2)).status).toBe(200);
  expect((await ask(1, '/healthz')).status).toBe(200);
  // Platforms call from few addresses.
  expect(await (await ask(1, '/hook?a=b', 'POST')).text()).toBe('taken');
});

it('ends a connection that sends request after request and takes no answer', async () => {
  service = await startService({ limits: { requestsPerMinute: 0 } });
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.write('GET /api/styles HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100));
  await once(socket, 'close');
  expect((await fetch(`${service.url}/api/styles`)).status).toBe(200);
});
