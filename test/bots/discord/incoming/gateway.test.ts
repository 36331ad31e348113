/** Connection: resume, refusals, registration. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Bot,
  type HarnessOptions,
  laterPhoto,
  STYLES,
  type Stage,
  startBot,
  startStage,
  upload,
} from '../harness.ts';

describe('gateway', () => {
  let stage: Stage;
  let bot: Bot;
  afterEach(() => stage.end(bot));
  const start = async (options?: HarnessOptions) => {
    stage = await startStage(options);
    bot = stage.bot;
  };
  const restart = async (options?: HarnessOptions) => {
    await bot.stop();
    bot = await startBot(stage.discord, stage.dataDir, options);
  };
  const puts = () => stage.world.calls.filter((call) => call.method === 'PUT').length;
  const slash = async () =>
    stage.people.slash(stage.world.person('ann'), stage.here, 'cartoonize', { image: await upload() });

  it('a dropped connection is resumed, and the command given meanwhile is answered', async () => {
    await start();
    stage.gateway.drop();
    const seen = await slash();
    expect((await seen.until()).attachments).toHaveLength(1);
    expect(stage.gateway.resumed).toBe(1);
    expect(stage.gateway.identified).toHaveLength(1);
  });

  it('reconnects when Discord asks for it', async () => {
    await start();
    stage.gateway.requestReconnect();
    await stage.world.until(() => stage.gateway.resumed === 1, 'a resume');
    expect((await (await slash()).until()).attachments).toHaveLength(1);
  });

  it('a message that is replayed after a resume is answered once', async () => {
    await start();
    const user = stage.world.person('dup');
    const channel = stage.world.dm(user);
    const message = stage.people.write(user, channel, { photos: [await upload()] });
    const answers = () =>
      [...stage.world.messages.values()].filter((one) => one.message_reference?.message_id === message.id);
    stage.people.announce(message, channel);
    await stage.world.until(() => answers()[0]?.attachments.length === 1, 'the cartoon');
    stage.people.announce(message, channel);
    const later = await laterPhoto(stage);
    expect(answers()).toHaveLength(1);
    expect(bot.jobs.map((job) => job.id)).toEqual([`dc-${message.id}-0`, later]);
    expect(stage.engine.drawn).toHaveLength(2);
  });

  it('sends heartbeats', async () => {
    await start();
    stage.gateway.heartbeatMs = 50;
    stage.gateway.drop();
    await stage.world.until(() => stage.gateway.heartbeats > 2, 'heartbeats');
  });

  it('a wrong token is refused with a sentence that does not hold it', async () => {
    await start();
    const { apiRoot } = stage.discord;
    const wrong = 'MTIzNDU2Nzg5MDEyMzQ1Njc4.Gxxxxx.abcdefghijklmnopqrstuvwxyz0123456789AB';
    const broken = {
      ...stage.discord,
      apiRoot,
      world: Object.assign(Object.create(stage.world), { token: wrong }),
    };
    const error = await startBot(broken as never, stage.dataDir).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(String((error as Error).message)).not.toContain(wrong);
  });

  it('registers again only when something has changed', async () => {
    await start();
    expect(puts()).toBe(1);
    await restart();
    expect(puts()).toBe(1);
    await restart({ styles: STYLES.slice(0, 2) });
    expect(puts()).toBe(2);
    const ids = stage.world.globalCommands.map((command) => command.id);
    await restart({ styles: STYLES.slice(0, 2) });
    expect(puts()).toBe(2);
    expect(stage.world.globalCommands.map((command) => command.id)).toEqual(ids);
  });

  it('for development, registers in one server only', async () => {
    await start();
    stage.world.globalCommands.length = 0;
    await restart({ extra: { guildId: stage.guild.id } });
    expect(stage.world.globalCommands).toEqual([]);
    expect(stage.world.guildCommands.get(stage.guild.id)).toHaveLength(8);
    expect((await (await slash()).until()).attachments).toHaveLength(1);
  });

  it('a failed registration (30034) does not stop the bot', async () => {
    await start();
    stage.world.fault({ method: 'PUT', path: /commands$/, status: 400, body: { code: 30034, message: 'x' } });
    const before = structuredClone(stage.world.globalCommands);
    await restart({ styles: STYLES.slice(0, 2) });
    expect(stage.world.faults.map((fault) => fault.left)).toEqual([0]);
    expect(stage.world.calls.filter(({ method, status }) => method === 'PUT' && status === 400)).toHaveLength(
      1,
    );
    expect(bot.lines.some((line) => line.includes('discord commands could not be registered'))).toBe(true);
    expect(stage.world.globalCommands).toEqual(before);
    expect((await (await slash()).until()).attachments).toHaveLength(1);
  });

  it('with several shards, registers once and answers on each', async () => {
    await start();
    await bot.stop();
    stage.gateway.shards = 2;
    bot = await startBot(stage.discord, stage.dataDir, { styles: STYLES.slice(0, 2) });
    expect(stage.gateway.identified.slice(1).map((one) => one.shard)).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(puts()).toBe(2);
    for (const channel of [stage.guild.channel, stage.world.dm(stage.world.person('s'))]) {
      const image = await upload();
      const seen = await stage.people.slash(stage.world.person('t'), { channel }, 'cartoonize', { image });
      expect((await seen.until()).attachments).toHaveLength(1);
    }
  });
});
