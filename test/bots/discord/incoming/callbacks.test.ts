/** Buttons and menus, also after a restart. */
import { MessageFlags } from 'discord.js';
import { afterEach, describe, expect, it } from 'vitest';
import { createTexts } from '../../../../src/texts/index.ts';
import { type APIMessage, componentsOf } from '../../../support/loopback-discord/index.ts';
import {
  type Bot,
  type HarnessOptions,
  photo,
  pictureAt,
  type Stage,
  startBot,
  startStage,
  upload,
} from '../harness.ts';

const texts = createTexts('en');

describe('components', () => {
  let stage: Stage;
  let bot: Bot | undefined;
  afterEach(() => stage.end(bot ?? stage.bot).finally(() => (bot = undefined)));
  const start = async (options?: HarnessOptions) => {
    stage = await startStage(options);
  };
  const menuOf = (message: APIMessage) => componentsOf(message)[0]?.custom_id ?? '';
  const drawOne = async (options = {}) => {
    const user = stage.world.person('ann');
    const image = await upload({ bytes: await photo(44, 33) });
    const seen = await stage.people.slash(user, stage.here, 'cartoonize', { image, ...options });
    return { user, reply: await seen.until() };
  };

  it('another style draws the original again, as a reply of its own', async () => {
    await start();
    const { user, reply } = await drawOne({ spoiler: true });
    const seen = await stage.people.press(user, stage.here, reply, menuOf(reply), ['anime']);
    const second = await seen.until();
    expect(seen.interaction.callback).toBe(5);
    expect(second.id).not.toBe(reply.id);
    expect(second.attachments[0]?.filename).toBe('SPOILER_dctoon-anime.jpg');
    expect((await pictureAt(second.attachments[0]?.url ?? '')).width).toBe(44);
    // The engine's inverse of the inverse would be the photo: it was the original that was drawn.
    const [first, again] = [
      await pictureAt(reply.attachments[0]?.url ?? ''),
      await pictureAt(second.attachments[0]?.url ?? ''),
    ];
    expect(again.dominant).toEqual(first.dominant);
    expect(componentsOf(second)[0]?.options?.map((one) => one.value)).toEqual(['3d', 'sketch']);
  });

  it('what was private stays private', async () => {
    await start();
    const { user, reply } = await drawOne({ private: true });
    const second = await (
      await stage.people.press(user, stage.here, reply, menuOf(reply), ['anime'])
    ).until();
    expect((second.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
  });

  it('all pictures of a message are drawn again together', async () => {
    await start();
    const { people, world, guild, here } = stage;
    const target = people.write(world.person('a'), guild.channel, {
      photos: [await upload(), await upload({ name: 'b.jpg' })],
    });
    const user = world.person('b');
    const reply = await (await people.messageMenu(user, here, 'Cartoonize', target)).until(
      (one) => one.attachments.length === 2,
    );
    const second = await (await people.press(user, here, reply, menuOf(reply), ['sketch'])).until(
      (one) => one.attachments.length === 2,
    );
    expect(second.attachments.map((one) => one.filename)).toEqual([
      'dctoon-sketch-1.jpg',
      'dctoon-sketch-2.jpg',
    ]);
  });

  it('works after a restart', async () => {
    await start();
    const { user, reply } = await drawOne();
    await stage.bot.stop();
    bot = await startBot(stage.discord, stage.dataDir);
    const second = await (
      await stage.people.press(user, stage.here, reply, menuOf(reply), ['anime'])
    ).until();
    expect(second.attachments).toHaveLength(1);
  });

  it('original gone: says so to the presser and disables the menu', async () => {
    await start();
    let ahead = 0;
    await stage.bot.stop();
    bot = await startBot(stage.discord, stage.dataDir, { extra: { now: () => Date.now() + ahead } });
    const { user, reply } = await drawOne();
    await stage.world.until(() => bot?.queue.counts().delivering === 0, 'the end of the job');
    ahead = 16 * 60_000;
    const seen = await stage.people.press(user, stage.here, reply, menuOf(reply), ['anime']);
    await stage.world.until(() => seen.followUps.length === 1, 'the sentence');
    expect(seen.followUps[0]?.content).toBe(texts.input.sourceGone);
    expect((seen.followUps[0]?.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
    const now = stage.world.messages.get(reply.id) as APIMessage;
    expect(componentsOf(now).every((component) => component.disabled)).toBe(true);
    expect(now.attachments).toHaveLength(1);
  });

  it('original gone, but its message is still there: it is read again', async () => {
    await start({ keepMinutes: 0 });
    const { people, world } = stage;
    const user = world.person('c');
    const channel = world.dm(user);
    const message = people.write(user, channel, { photos: [await upload({ bytes: await photo(45, 20) })] });
    const reply = await world.until(
      () => [...world.messages.values()].find((one) => one.message_reference && one.attachments.length === 1),
      'the answer',
    );
    const second = await (await people.press(user, { channel }, reply, menuOf(reply), ['anime'])).until();
    expect((await pictureAt(second.attachments[0]?.url ?? '')).width).toBe(45);

    world.messages.delete(message.id);
    const third = await (await people.press(user, { channel }, reply, menuOf(reply), ['anime'])).until();
    expect(third.content).toBe(texts.input.sourceGone);
    const row = () => componentsOf(world.messages.get(reply.id) as APIMessage);
    await world.until(() => row().every((component) => component.disabled), 'a disabled menu');
  });

  it('a forged key, style or action does no harm', async () => {
    await start();
    const { user, reply } = await drawOne();
    const forge = async (customId: string, value: string) => {
      const forged = {
        ...reply,
        components: [
          { type: 1, components: [{ type: 3, custom_id: customId, options: [{ label: 'x', value }] }] },
        ],
      };
      stage.world.messages.set(reply.id, forged as never);
      return stage.people.press(user, stage.here, forged as never, customId, [value]);
    };
    const unknown = await forge('cz1:again:AAAAAAAAAAAAAAAAAAAAAA', 'anime');
    await unknown.acknowledged();
    expect(unknown.interaction.callback).toBe(7);
    const style = await forge('cz1:again:AAAAAAAAAAAAAAAAAAAAAA', '../../etc/passwd');
    await style.acknowledged();
    expect(style.interaction.callback).toBe(4);
    for (const id of ['cz1:again:../../x', 'cz0:x:y', 'nonsense', 'cz1:again:a:b']) {
      const press = await forge(id, 'anime');
      await press.acknowledged();
      expect(press.interaction.callback).toBe(6);
    }
    await stage.world.until(() => unknown.followUps.length === 1, 'the sentence');
  });

  describe('cancel', () => {
    const waiting = async () => {
      await start({ eagerStatus: true, concurrency: 1, expectedMs: 20_000 });
      stage.engine.hold();
      const user = stage.world.person('owner');
      const seen = await stage.people.slash(user, stage.here, 'cartoonize', { image: await upload() });
      const reply = await seen.until((one) =>
        componentsOf(one).some((c) => c.custom_id?.startsWith('cz1:cancel:')),
      );
      return { user, seen, reply, id: menuOf(reply) };
    };

    it('ends the job and says so', async () => {
      const { user, seen, reply, id } = await waiting();
      const press = await stage.people.press(user, stage.here, reply, id);
      await press.acknowledged();
      expect(press.interaction.callback).toBe(6);
      const last = await seen.until();
      expect(last.content).toBe(texts.cancel.done);
      expect(last.components).toEqual([]);
      const { queue } = stage.bot;
      await stage.world.until(
        () => Object.values(queue.counts()).every((count) => count === 0),
        'an empty queue',
      );
      stage.engine.release();
    });

    it('is for the requester only', async () => {
      const { seen, reply, id } = await waiting();
      const press = await stage.people.press(stage.world.person('other'), stage.here, reply, id);
      const told = await press.until();
      expect(told.content).toBe(texts.cancel.onlyRequester);
      expect((told.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
      stage.engine.release();
      expect((await seen.until()).attachments).toHaveLength(1);
    });

    it('too late is said to the presser alone', async () => {
      const { user, seen, reply, id } = await waiting();
      stage.engine.release();
      const stale = structuredClone(reply);
      const done = await seen.until();
      stage.world.messages.set(done.id, { ...done, components: stale.components ?? [] });
      const press = await stage.people.press(user, stage.here, stale, id);
      await stage.world.until(() => press.followUps.length === 1, 'the sentence');
      expect(press.followUps[0]?.content).toBe(texts.cancel.tooLate);
    });
  });
});
