import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { picture } from '../engine.ts';
import { type Harness, type TestBot, until, useHarness } from '../harness.ts';

const SECRET = 'secret-secret-secret-secret-secret-1';
let harness: Harness;
let bot: TestBot;
let server: Server;
let url: string;

useHarness((own) => {
  harness = own;
});

beforeEach(async () => {
  server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = 'GET' } = incoming;
    const body = method === 'POST' ? { body: Buffer.concat(chunks) } : {};
    const headers = Object.entries(incoming.headers).map(([key, value]): [string, string] => [
      key,
      String(value),
    ]);
    const answer = await bot.adapter.webhook?.handle(new Request(url, { method, headers, ...body }));
    outgoing.writeHead(answer?.status ?? 404, Object.fromEntries(answer?.headers ?? []));
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/telegram/hook`;
  bot = await harness.bot({ config: { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: SECRET } });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const post = (body: unknown, secret: string | undefined = SECRET) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

it('a photo comes in by webhook and is acknowledged while the queue still works', async () => {
  const { telegram } = harness;
  const user = telegram.newUser();
  bot.engine.hold();
  const source = await telegram.send(user, { photo: await picture('hook') });
  await until(() => telegram.updates.deliveries.at(-1)?.status === 200, 'the acknowledgement');
  expect(telegram.pictures(telegram.dm(user))).toEqual([]);
  bot.engine.release();
  await harness.answerTo(telegram.dm(user), source);
  expect(telegram.callsOf('getUpdates')).toEqual([]);
  expect(bot.adapter.webhook?.path).toBe('/telegram/hook');
});

it('a forged, missing or longer secret is refused', async () => {
  for (const secret of ['wrong', '', `${SECRET}x`, SECRET.slice(0, -1)]) {
    expect((await post({ update_id: 1 }, secret)).status).toBe(401);
  }
});

it('what is not an update is refused, and other methods too', async () => {
  for (const body of ['', '{', '[]', '{"update_id":"1"}', 'null', '"x"'])
    expect((await post(body)).status).toBe(400);
  expect((await post(`{"update_id":1,"x":"${'y'.repeat(1_100_000)}"}`)).status).toBe(400);
  expect((await fetch(url)).status).toBe(405);
  // An update of a kind or shape nobody expects is taken and forgotten.
  expect((await post({ update_id: 5, poll: {} })).status).toBe(200);
});

it('an update that is delivered twice is answered once', async () => {
  const { telegram } = harness;
  const user = telegram.newUser();
  const source = await telegram.send(user, { photo: await picture('twice') });
  await harness.answerTo(telegram.dm(user), source);
  const id = telegram.updates.deliveries[0]?.updateId;
  expect((await post({ update_id: id, message: source })).status).toBe(200);
  await harness.quiet(400);
  expect(telegram.pictures(telegram.dm(user), source)).toHaveLength(1);
});

it('after the stop updates are turned away and come again to the next process', async () => {
  const { telegram } = harness;
  const user = telegram.newUser();
  await bot.adapter.stop();
  const source = await telegram.send(user, { photo: await picture('between') });
  await until(() => telegram.updates.deliveries.some(({ status }) => status === 503), 'a refusal');
  bot = await harness.bot({ config: { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: SECRET } });
  await harness.answerTo(telegram.dm(user), source);
});
