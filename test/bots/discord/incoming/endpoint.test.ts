/** The HTTP endpoint for stateless replicas. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandDefinitions } from '../../../../src/bots/discord/command-definitions.ts';
import { createEndpoint } from '../../../../src/bots/discord/incoming/endpoint.ts';
import { createLogger } from '../../../../src/observability/logger.ts';
import { createTexts } from '../../../../src/texts/index.ts';
import { componentsOf } from '../../../support/loopback-discord/index.ts';
import { startService } from '../../../web/harness.ts';
import { STYLES, type Stage, startStage, upload } from '../harness.ts';

describe('HTTP endpoint', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage({ httpOnly: true, eagerStatus: true });
    // Registered by the one process that has the token.
    stage.world.globalCommands.push(
      ...(commandDefinitions(STYLES).map((command) => ({ ...command, id: stage.world.id() })) as never[]),
    );
  });
  afterAll(() => stage.end());

  it('opens no gateway and never uses a bot token', () => {
    expect(stage.gateway.identified).toEqual([]);
    expect(stage.world.calls.every((call) => call.authorization === undefined)).toBe(true);
  });

  it('answers the ping of the developer portal', async () => {
    const response = await stage.people.post({ type: 1 });
    expect([response.status, await response.json()]).toEqual([200, { type: 1 }]);
  });

  it('refuses a broken signature, another key, a changed body, no signature at all', async () => {
    const { people } = stage;
    expect((await people.post({ type: 1 }, true)).status).toBe(401);
    const endpoint = stage.bot.adapter.endpoint;
    const call = (headers: Record<string, string>) =>
      endpoint?.(new Request('http://localhost/', { method: 'POST', body: '{"type":1}', headers }));
    expect((await call({}))?.status).toBe(401);
    expect((await call({ 'x-signature-ed25519': 'zz', 'x-signature-timestamp': '1' }))?.status).toBe(401);
    expect(
      (await call({ 'x-signature-ed25519': '00'.repeat(64), 'x-signature-timestamp': '1' }))?.status,
    ).toBe(401);
    expect((await endpoint?.(new Request('http://localhost/')))?.status).toBe(405);
    const huge = (headers: Record<string, string>) =>
      endpoint?.(
        new Request('http://localhost/', { method: 'POST', body: 'x'.repeat(2 * 1024 * 1024), headers }),
      );
    expect((await huge({}))?.status).toBe(401);
    expect(
      (await huge({ 'x-signature-ed25519': '00'.repeat(64), 'x-signature-timestamp': '1' }))?.status,
    ).toBe(413);
  });

  it('survives every signed body, whatever is in it', async () => {
    const field = fc.jsonValue({ maxDepth: 3 });
    const interaction = fc.record(
      {
        id: fc.oneof(fc.string(), fc.bigInt({ min: 1n, max: 2n ** 63n }).map(String)),
        token: fc.string(),
        application_id: fc.string(),
        type: fc.oneof(fc.integer({ min: 0, max: 6 }), field),
        data: fc.oneof(
          field,
          fc.record({
            type: fc.integer({ min: 0, max: 4 }),
            name: fc.oneof(fc.string(), fc.constantFrom('cartoonize', 'style', 'Cartoonize')),
            options: field,
            resolved: field,
            target_id: field,
            custom_id: fc.oneof(fc.string(), fc.constantFrom('cz1:again:x', 'cz1:cancel:dc-1')),
          }),
        ),
        user: fc.oneof(field, fc.constant({ id: '5', username: 'x' })),
        message: field,
        locale: field,
        channel: field,
        context: field,
      },
      { requiredKeys: ['type'] },
    );
    const calls = stage.world.calls.length;
    await fc.assert(
      fc.asyncProperty(fc.oneof(interaction, field), async (body) => {
        expect([200, 400, 500]).toContain((await stage.people.post(body)).status);
      }),
      { numRuns: 300 },
    );
    // What the loopback itself was asked for by nonsense is no concern of the suites.
    stage.world.calls.length = calls;
    stage.world.violations.length = 0;
    const response = await stage.people.post({ type: 1 });
    expect(response.status).toBe(200);
  }, 60_000);

  it('the deferral is the HTTP answer; the cartoon is an edit without any token', async () => {
    const user = stage.world.person('web');
    const seen = await stage.people.slash(user, stage.here, 'cartoonize', { image: await upload() });
    const reply = await seen.until();
    expect(reply.attachments).toHaveLength(1);
    expect(stage.world.calls.some((call) => call.path.endsWith('/callback'))).toBe(false);

    const menu = componentsOf(reply)[0]?.custom_id ?? '';
    const again = await (await stage.people.press(user, stage.here, reply, menu, ['anime'])).until();
    expect(again.attachments[0]?.filename).toBe('dctoon-anime.jpg');
  });

  it('the edit may overtake the deferral: tried again', async () => {
    const { world } = stage;
    const early = { code: 10015, message: 'Unknown Webhook' };
    world.fault({ method: 'PATCH', path: /@original$/, status: 404, body: early, times: 2 });
    const seen = await stage.people.slash(world.person('fast'), stage.here, 'cartoonize', {
      image: await upload(),
    });
    expect((await seen.until()).attachments).toHaveLength(1);
  });

  it('while stopping, says so', async () => {
    await stage.bot.adapter.stop();
    const seen = await stage.people.slash(stage.world.person('late'), stage.here, 'help');
    expect((await seen.until()).content).toBe(createTexts('en').error('shutting_down'));
  });
});

/** The endpoint by itself: what it hands on, by a key and a clock of the test. */
function endpointWith(now: () => number) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const handled: string[] = [];
  const lines: string[] = [];
  const endpoint = createEndpoint({
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex'),
    handle: async (interaction, acknowledge) => {
      handled.push(interaction.id);
      await acknowledge({ type: 4, data: { content: `answer ${handled.length}` } });
    },
    logger: createLogger({ level: 'trace', readable: false, write: (line) => lines.push(line) }),
    now,
  });
  const signed = (id: string, at: number) => {
    const body = JSON.stringify({ id, type: 2 });
    const timestamp = String(Math.floor(at / 1000));
    const signature = sign(null, Buffer.from(timestamp + body), privateKey).toString('hex');
    const headers = { 'x-signature-ed25519': signature, 'x-signature-timestamp': timestamp };
    return () => endpoint(new Request('http://localhost/', { method: 'POST', body, headers }));
  };
  return { endpoint, handled, lines, signed };
}

describe('a call that is repeated', () => {
  it('is answered as before, and handled once', async () => {
    const { signed, handled } = endpointWith(Date.now);
    const call = signed('7', Date.now());
    const responses = await Promise.all([call(), call(), call()]);
    responses.push(await call());
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const contents = await Promise.all(
      responses.map(
        async (response) => ((await response.json()) as { data: { content: string } }).data.content,
      ),
    );
    expect(contents).toEqual(Array(4).fill('answer 1'));
    expect(handled).toEqual(['7']);
    expect((await signed('8', Date.now())()).status).toBe(200);
    expect(handled).toEqual(['7', '8']);
  });

  it('is refused once its signature is older than a minute, or comes from the future', async () => {
    let now = Date.now();
    const { signed, handled, lines } = endpointWith(() => now);
    const call = signed('7', now);
    now += 59_000;
    expect((await call()).status).toBe(200);
    now += 2_000;
    expect((await call()).status).toBe(401);
    expect((await signed('9', now - 61_000)()).status).toBe(401);
    expect((await signed('10', now + 62_000)()).status).toBe(401);
    expect(handled).toEqual(['7']);
    expect(lines.filter((line) => line.includes('clock of this server'))).toHaveLength(3);
  });

  it('is remembered until its signature is refused, however the clocks differ', async () => {
    let now = Date.now();
    const { signed, handled } = endpointWith(() => now);
    // Discord's clock is almost a minute ahead.
    const call = signed('7', now + 59_000);
    expect((await call()).status).toBe(200);
    now += 118_000;
    expect((await call()).status).toBe(200);
    expect(handled).toEqual(['7']);
  });
});

describe('an endless body', () => {
  /**
   * Sends chunks for as long as the service takes them, but not more than `most` bytes; never ends the body.
   * @returns the answer, and how many bytes were taken
   */
  async function flood(
    url: string,
    headers: string,
    most: number,
  ): Promise<{ answer: string; bytes: number }> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    let answer = '';
    let isClosed = false;
    socket.on('data', (data) => {
      answer += data;
    });
    // The service hangs up while we write.
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => {
      socket.on('close', () => {
        isClosed = true;
        resolve();
      });
    });
    await once(socket, 'connect');
    socket.write(
      `POST /discord/interactions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n${headers}\r\n`,
    );
    while (!isClosed && socket.bytesWritten < most) {
      const hasRoom = socket.write(chunk);
      if (!hasRoom) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    }
    await closed;
    return { answer, bytes: socket.bytesWritten };
  }

  it.each([
    ['unsigned', '', '401'],
    [
      'with a forged signature',
      `X-Signature-Ed25519: ${'00'.repeat(64)}\r\nX-Signature-Timestamp: 1\r\n`,
      '413',
    ],
  ])('%s is answered, and no longer read', async (_, headers, status) => {
    const { endpoint, handled } = endpointWith(Date.now);
    const service = await startService({
      limits: { lingerMs: 1000 },
      web: { extraRoutes: [{ method: 'POST', path: '/discord/interactions', handle: endpoint }] },
    });
    try {
      const before = process.memoryUsage.rss();
      const { bytes } = await flood(service.url, headers, Number.POSITIVE_INFINITY);
      // What is discarded behind the answer, and what the sockets hold.
      expect(bytes).toBeLessThan(80e6);
      expect(process.memoryUsage.rss() - before).toBeLessThan(150e6);
      // Who stops sending reads why; a sender whose connection is reset may not.
      const { answer } = await flood(service.url, headers, 3e6);
      expect(answer.split('\r\n')[0]).toContain(`HTTP/1.1 ${status}`);
      expect(handled).toEqual([]);
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    } finally {
      await service.stop();
    }
  });
});
