/** The service in several processes, as `docs/scaling.md` starts it: bots that take in and answer, workers that draw, Redis between them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LoopbackTelegram } from '../support/loopback-telegram/index.ts';
import { astronaut } from '../support/photos.ts';
import { RedisServer } from '../support/redis.ts';
import { build, ServiceProcess } from '../support/service.ts';

let redis: RedisServer;
let photo: Buffer;
const started: ServiceProcess[] = [];

beforeAll(async () => {
  await build();
  [redis, photo] = await Promise.all([RedisServer.start(), astronaut()]);
}, 120_000);
afterAll(() => redis.stop());
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.dispose()));
});

async function start(
  role: 'bot' | 'worker',
  env: Readonly<Record<string, string>> = { QUEUE_URL: redis.url },
): Promise<ServiceProcess> {
  const service = await ServiceProcess.start(env, role);
  started.push(service);
  return service;
}

function upload(url: string): Promise<Response> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(photo)], { type: 'image/png' }), 'me.png');
  return fetch(`${url}/upload`, { method: 'POST', body: form });
}

describe('bots and workers', () => {
  it('answer a photo that one took in and the other drew', async () => {
    const telegram = await LoopbackTelegram.start();
    const [bot, other, worker] = await Promise.all([
      start('bot', {
        QUEUE_URL: redis.url,
        TELEGRAM_TOKEN: telegram.token,
        TELEGRAM_API_ROOT: telegram.root,
      }),
      start('bot'),
      start('worker'),
    ]);
    await Promise.all([bot.says(/Telegram is on/), other.url(), worker.says(/The worker is on/)]);

    const user = telegram.newUser();
    const source = await telegram.send(user, { photo });
    const responses = await Promise.all([upload(await bot.url()), upload(await other.url())]);
    for (const response of responses) {
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('image/png');
    }
    for (const deadline = Date.now() + 30_000; telegram.pictures(telegram.dm(user), source).length === 0; ) {
      if (Date.now() > deadline) throw new Error(bot.output);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(telegram.pictures(telegram.dm(user), source)).toHaveLength(1);

    const health = await fetch(`${await worker.url()}/readyz`);
    expect([health.status, await health.json()]).toEqual([200, { ready: true, reasons: [] }]);
    expect(await (await fetch(`${await worker.url()}/metrics`)).text()).toContain(
      'dctoon_inference_processes',
    );
    expect(await Promise.all([bot, other, worker].map((service) => service.stop()))).toEqual([0, 0, 0]);
    await telegram.close();
  }, 90_000);

  it('say in plain words what they need', async () => {
    const bot = await start('bot', {});
    expect(await bot.exitCode()).toBe(1);
    expect(bot.output).toContain('A bot process needs the queue of a Redis: set QUEUE_URL (docs/scaling.md)');
    const worker = await start('worker', { QUEUE_URL: 'redis://:hunter2@127.0.0.1:1' });
    expect(await worker.exitCode()).toBe(1);
    expect(worker.output).toContain('QUEUE_URL: Redis at 127.0.0.1:1 cannot be used');
    expect(worker.output).not.toContain('hunter2');
  }, 60_000);
});
