/** The loopback Discord refuses what the real one refuses; otherwise the adapter's tests would prove nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type LoopbackDiscord, startLoopbackDiscord } from './loopback-discord/index.ts';

describe('loopback Discord', () => {
  let discord: LoopbackDiscord;
  beforeAll(async () => {
    discord = await startLoopbackDiscord();
  });
  afterAll(() => discord.close());

  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${discord.apiRoot}/v10${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, ...(text ? (JSON.parse(text) as { code?: number }) : {}) };
  };
  const interaction = (userInstallOnly = false) => {
    const { world } = discord;
    const payload = { id: world.id(), token: world.interactionToken(), type: 2, channel: { id: '1' } };
    const stored = world.interaction(payload as never, userInstallOnly);
    const webhook = `/webhooks/${world.application.id}/${payload.token}`;
    const callback = `/interactions/${payload.id}/${payload.token}/callback`;
    return { stored, webhook, acknowledge: () => call('POST', callback, { type: 5 }) };
  };

  it('acknowledges within 3 s, once', async () => {
    const late = interaction();
    discord.world.advance(3001);
    expect(await late.acknowledge()).toMatchObject({ status: 404, code: 10062 });
    const twice = interaction();
    expect((await twice.acknowledge()).status).toBe(204);
    expect(await twice.acknowledge()).toMatchObject({ status: 400, code: 40060 });
  });

  it('knows no reply before the acknowledgement, and no token after 15 minutes', async () => {
    const { webhook, acknowledge } = interaction();
    const edit = () =>
      call('PATCH', `${webhook}/messages/@original`, { content: 'x', allowed_mentions: { parse: [] } });
    expect(await edit()).toMatchObject({ status: 404, code: 10015 });
    await acknowledge();
    expect((await edit()).status).toBe(200);
    discord.world.advance(15 * 60_000);
    expect(await edit()).toMatchObject({ status: 401, code: 50027 });
  });

  it('gives user installs five follow-ups', async () => {
    const { webhook, acknowledge } = interaction(true);
    await acknowledge();
    const codes: (number | undefined)[] = [];
    for (let n = 0; n < 6; n++) {
      codes.push((await call('POST', webhook, { content: 'x', allowed_mentions: { parse: [] } })).code);
    }
    expect(codes.slice(0, 5).every((code) => code === undefined)).toBe(true);
    expect(codes[5]).toBe(40094);
  });

  it('notes what Discord would not understand', async () => {
    const { webhook, acknowledge, stored } = interaction();
    await acknowledge();
    const before = discord.world.violations.length;
    await call('PATCH', `${webhook}/messages/@original`, {
      content: 'x'.repeat(2001),
      flag: 1,
      attachments: [{ id: '0' }],
      components: [
        {
          type: 1,
          components: [
            { type: 2, style: 1, custom_id: 'a' },
            { type: 2, style: 1, custom_id: 'a' },
          ],
        },
      ],
    });
    await call('PATCH', `${webhook}/messages/@original`, { content: 'x', nonsense: 1 });
    await call('GET', `${webhook}/messages/@original`, undefined, {
      authorization: `Bot ${discord.world.token}`,
    });
    const found = discord.world.violations.splice(before).join('\n');
    expect(found).toContain('body.content');
    expect(found).toContain('neither a file nor on the message');
    expect(found).toContain('custom_id used twice');
    expect(found).toContain('nonsense: unknown field');
    expect(found).toContain('no place on an interaction webhook');
    expect(stored.acknowledgedAt).toBeDefined();
  });

  it('refuses files over the limit, unknown links and old ones', async () => {
    const { world } = discord;
    world.limits.fileBytes = 10;
    const { webhook, acknowledge } = interaction();
    await acknowledge();
    const form = new FormData();
    form.append('payload_json', JSON.stringify({ attachments: [{ id: 0, filename: 'a.jpg' }] }));
    form.append('files[0]', new Blob([new Uint8Array(11)]), 'a.jpg');
    const path = `${discord.apiRoot}/v10${webhook}/messages/@original`;
    const response = await fetch(path, { method: 'PATCH', body: form });
    expect([response.status, ((await response.json()) as { code: number }).code]).toEqual([413, 40005]);
    const { url } = world.attach({ name: 'x.jpg', bytes: new Uint8Array(3) });
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url.replace(/hm=./, 'hm=x'))).status).toBe(404);
    world.advance(25 * 3600_000);
    expect((await fetch(url)).status).toBe(404);
  });

  it.each([
    ['a wrong token', 'wrong', 0, 4004],
    ['a privileged intent', undefined, 1 << 15, 4014],
  ])('closes the gateway on %s', async (_, token, intents, expected) => {
    const socket = new WebSocket(discord.gateway.url());
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.once('message', () => {
      socket.send(JSON.stringify({ op: 2, d: { token: token ?? discord.world.token, intents } }));
    });
    expect(await closed).toBe(expected);
  });

  it('lets nobody use a command that is not registered', async () => {
    const { people, world } = discord;
    const place = { channel: world.guild().channel };
    await expect(people.slash(world.person('a'), place, 'cartoonise')).rejects.toThrow('is registered');
  });

  it('answers 404 outside of what it models', async () => {
    const headers = { authorization: `Bot ${discord.world.token}` };
    expect((await call('GET', '/guilds/1/members', undefined, headers)).status).toBe(404);
    expect((await call('GET', '/users/@me')).status).toBe(401);
  });
});
