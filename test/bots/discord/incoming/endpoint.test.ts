/** The HTTP endpoint for stateless replicas. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandDefinitions } from '../../../../src/bots/discord/command-definitions.ts';
import { createTexts } from '../../../../src/texts/index.ts';
import { componentsOf } from '../../../support/loopback-discord/index.ts';
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
    const huge = new Request('http://localhost/', { method: 'POST', body: 'x'.repeat(2 * 1024 * 1024) });
    expect((await endpoint?.(huge))?.status).toBe(413);
  });

  it('survives every signed body, whatever is in it', async () => {
    const field = fc.jsonValue({ maxDepth: 3 });
    const interaction = fc.record(
      {
        id: fc.oneof(fc.string(), fc.constant('1')),
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
