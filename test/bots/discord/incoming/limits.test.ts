/** Who may ask for how much, and who is refused at the door. */
import { afterEach, describe, expect, it } from 'vitest';
import { createTexts } from '../../../../src/texts/index.ts';
import { type HarnessOptions, type Stage, startBot, startStage, upload } from '../harness.ts';

const texts = createTexts('en');
/** A sentence up to its first stop; how long to wait is said after it. */
const head = (text: string) => text.split('.')[0] ?? '';

describe('limits', () => {
  let stage: Stage;
  afterEach(() => stage.end());
  const start = async (options?: HarnessOptions) => {
    stage = await startStage(options);
  };
  const slash = async (
    user = stage.world.person('u'),
    place: Parameters<Stage['people']['slash']>[1] = stage.here,
  ) => stage.people.slash(user, place, 'cartoonize', { image: await upload() });
  const idle = () =>
    stage.world.until(
      () => Object.values(stage.bot.queue.counts()).every((count) => count === 0),
      'an empty queue',
    );

  it('a wait over twelve minutes is refused before the photo is fetched', async () => {
    await start({ concurrency: 1, expectedMs: 4.3 * 60_000 });
    stage.engine.hold();
    const first = await slash();
    await stage.world.until(() => stage.bot.queue.counts().processing === 1, 'a running job');
    const second = await slash();
    await stage.world.until(() => stage.bot.queue.counts().queued === 1, 'a waiting job');
    const third = await slash();
    const reply = await third.until();
    expect(reply.content).toContain(head(texts.error('wait_too_long')));
    expect(stage.bot.jobs).toHaveLength(2);
    stage.engine.release();
    await Promise.all([first.until(), second.until()]);
  });

  it('a photo whose turn comes too late is not drawn; the person reads why', async () => {
    await start({ concurrency: 1 });
    let ahead = 0;
    await stage.bot.stop();
    // The service believes the interaction to be older than it is: its deadline comes at once.
    const bot = await startBot(stage.discord, stage.dataDir, {
      concurrency: 1,
      extra: { now: () => Date.now() - ahead },
    });
    bot.engine.hold();
    ahead = 14.5 * 60_000 - 1500;
    const seen = await slash();
    expect((await seen.until()).content).toBe(texts.error('expired'));
    bot.engine.release();
    await bot.stop();
  });

  it('a full queue and a busy person are told at once', async () => {
    await start({ concurrency: 1, limit: 3, limitPerUser: 2 });
    stage.engine.hold();
    const user = stage.world.person('busy');
    const mine = [await slash(user), await slash(user)];
    await stage.world.until(() => stage.bot.jobs.length === 2, 'two jobs');
    expect((await (await slash(user)).until()).content).toContain(
      head(texts.error('user_limit', { limit: 2 })),
    );
    const other = await slash();
    await stage.world.until(() => stage.bot.jobs.length === 3, 'three jobs');
    expect((await (await slash()).until()).content).toContain(head(texts.error('queue_full')));
    stage.engine.release();
    for (const seen of [...mine, other]) expect((await seen.until()).attachments).toHaveLength(1);
  });

  it('people take turns: one with many photos does not hold up one with one', async () => {
    await start({ concurrency: 1 });
    stage.engine.hold();
    const { people, world, guild, here } = stage;
    const photos = await Promise.all(Array.from({ length: 6 }, (_, n) => upload({ name: `${n}.jpg` })));
    const target = people.write(world.person('a'), guild.channel, { photos });
    const many = await people.messageMenu(world.person('many'), here, 'Cartoonize', target);
    await world.until(() => stage.bot.jobs.length === 6, 'six jobs');
    const one = await slash(world.person('one'));
    await world.until(() => stage.bot.jobs.length === 7, 'seven jobs');
    stage.engine.delayMs = 50;
    stage.engine.release();
    await one.until();
    expect(many.reply?.attachments.length ?? 0).toBeLessThan(5);
    expect(
      (await many.until((reply) => reply.content === '' && reply.attachments.length === 6)).attachments,
    ).toHaveLength(6);
  });

  it('the cap of a person, and what failed is given back', async () => {
    await start({ quotas: { user: 2, guild: 100 } });
    const user = stage.world.person('eager');
    const broken = await upload({ bytes: new TextEncoder().encode('no picture') });
    for (let round = 0; round < 3; round++) {
      const seen = await stage.people.slash(user, stage.here, 'cartoonize', { image: broken });
      expect((await seen.until()).content).toBe(texts.error('unsupported_format'));
    }
    await idle();
    await (await slash(user)).until();
    await (await slash(user)).until();
    const third = await (await slash(user)).until();
    expect(third.content).toContain(head(texts.error('rate_limited')));
    expect((third.flags ?? 0) & 64).toBe(64);
    expect((await (await slash()).until()).attachments).toHaveLength(1);
  });

  it('a delivery that failed is given back as well', async () => {
    await start({ quotas: { user: 1, guild: 100 } });
    const user = stage.world.person('unlucky');
    const path = /@original$/;
    stage.world.fault({
      method: 'PATCH',
      path,
      uploads: true,
      status: 400,
      body: { code: 200000, message: 'x' },
    });
    expect((await (await slash(user)).until((reply) => reply.content !== '')).content).toBe(
      texts.delivery.autoMod,
    );
    await idle();
    expect((await (await slash(user)).until()).attachments).toHaveLength(1);
  });

  it('the cap of a server; other places are not concerned', async () => {
    await start({ quotas: { user: 100, guild: 2 } });
    await (await slash()).until();
    await (await slash()).until();
    expect((await (await slash()).until()).content).toContain(head(texts.error('rate_limited')));
    const channel = stage.world.channel('private');
    expect((await (await slash(undefined, { channel })).until()).attachments).toHaveLength(1);
    const user = stage.world.person('dm');
    const message = stage.people.write(user, stage.guild.channel, {
      mentionsBot: true,
      photos: [await upload()],
    });
    const said = await stage.world.until(
      () =>
        [...stage.world.messages.values()].find((one) => one.message_reference?.message_id === message.id),
      'a sentence',
    );
    expect(said.content).toContain(head(texts.error('rate_limited')));
  });
});
