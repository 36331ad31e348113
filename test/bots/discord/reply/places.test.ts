/** Answers that cannot go where they belong, and answers to messages. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type APIMessage, componentsOf, type Seen } from '../../../support/loopback-discord/index.ts';
import { actionsOf, type Stage, startStage, upload } from '../harness.ts';

const MINUTE = 60_000;

describe('places of an answer', () => {
  let stage: Stage;
  let actions: ReturnType<typeof actionsOf>;
  beforeAll(async () => {
    stage = await startStage({ eagerStatus: true });
    actions = actionsOf(stage);
  });
  afterAll(() => stage.end());

  describe('the token dies while the photo is drawn', () => {
    const die = async (seen: Seen) => actions.during(seen, () => stage.world.advance(16 * MINUTE));

    it('in a server with the bot: a message in the channel, which says for whom', async () => {
      stage.engine.hold();
      const { user, seen } = await actions.slash();
      const before = actions.messagesIn(stage.guild.channel.id).length;
      await die(seen);
      const answer = await stage.world.until(
        () => actions.messagesIn(stage.guild.channel.id)[before],
        'the message',
      );
      expect(answer.attachments).toHaveLength(1);
      expect(answer.content).toBe(`<@${user.id}>`);
      await actions.idle();
      const post = stage.world.calls.findLast(
        (call) => call.path === `/channels/${stage.guild.channel.id}/messages`,
      );
      expect(post?.body).toMatchObject({
        nonce: `dc-${seen.interaction.id}`,
        enforce_nonce: true,
        allowed_mentions: { parse: [] },
      });
    });

    it('private: a direct message, never the channel', async () => {
      stage.engine.hold();
      const { user, seen } = await actions.slash({ private: true });
      const before = actions.messagesIn(stage.guild.channel.id).length;
      await die(seen);
      const dm = stage.world.dm(user);
      const answer = await stage.world.until(() => actions.messagesIn(dm.id)[0], 'the message');
      expect(answer.attachments).toHaveLength(1);
      await actions.idle();
      expect(actions.messagesIn(stage.guild.channel.id)).toHaveLength(before);
    });

    it('private, and the person takes no direct messages (50007): the end', async () => {
      stage.engine.hold();
      const { user, seen } = await actions.slash({ private: true });
      stage.world.closedDms.add(user.id);
      await die(seen);
      await actions.idle();
      expect(actions.messagesIn(stage.world.dm(user).id)).toEqual([]);
    });

    it.each(['user', 'guild'] as const)('without a place to write (%s install): silence', async (install) => {
      stage.engine.hold();
      const place =
        install === 'user' ? { ...stage.here, install } : { ...stage.here, permissions: 1n << 15n };
      const { seen } = await actions.slash({}, place);
      const before = actions.messagesIn(stage.guild.channel.id).length;
      await die(seen);
      await actions.idle();
      expect(actions.messagesIn(stage.guild.channel.id)).toHaveLength(before);
    });
  });

  describe('answers to messages', () => {
    const mention = async () => {
      const user = stage.world.person('m');
      const message = stage.people.write(user, stage.guild.channel, {
        mentionsBot: true,
        photos: [await upload()],
      });
      return { user, message };
    };
    const answersTo = (message: APIMessage) =>
      [...stage.world.messages.values()].filter((one) => one.message_reference?.message_id === message.id);

    it('the status message becomes the answer: one message in all', async () => {
      stage.engine.hold();
      const { message } = await mention();
      const status = await stage.world.until(() => answersTo(message)[0], 'a status');
      expect(componentsOf(status)[0]?.custom_id).toMatch(/^cz1:cancel:dc-\d+$/);
      stage.engine.release();
      await stage.world.until(() => status.attachments.length === 1, 'the cartoon');
      await actions.idle();
      expect(answersTo(message)).toEqual([status]);
      expect(status.content).toBe('');
    });

    it('no permission (50013): told in a direct message', async () => {
      const path = new RegExp(`^/channels/${stage.guild.channel.id}/messages`);
      stage.engine.hold();
      const { user, message } = await mention();
      stage.world.fault({ path, status: 403, body: { code: 50013, message: 'x' }, times: 20 });
      stage.engine.release();
      const told = await stage.world.until(
        () => actions.messagesIn(stage.world.dm(user).id)[0],
        'a direct message',
      );
      expect(told.content).toContain('Send Messages');
      await actions.idle();
      for (const fault of stage.world.faults) fault.left = 0;
      expect(answersTo(message).every((one) => one.attachments.length === 0)).toBe(true);
    });

    it('slow mode (20016): tried again later', async () => {
      const path = new RegExp(`^/channels/${stage.guild.channel.id}/messages`);
      stage.engine.hold();
      const { message } = await mention();
      await stage.world.until(() => answersTo(message)[0], 'a status');
      stage.world.fault({ path, status: 400, body: { code: 20016, message: 'x' }, times: 2 });
      stage.engine.release();
      await stage.world.until(() => answersTo(message)[0]?.attachments.length === 1, 'the cartoon');
      await actions.idle();
    });

    it('the photo was deleted meanwhile: answered all the same', async () => {
      stage.engine.hold();
      const user = stage.world.person('d');
      const channel = stage.world.dm(user);
      const message = stage.people.write(user, channel, { photos: [await upload()] });
      stage.world.messages.delete(message.id);
      stage.engine.release();
      const ours = () => actions.messagesIn(channel.id).find((one) => one.author.id === stage.world.bot.id);
      await stage.world.until(() => ours()?.attachments.length === 1, 'the cartoon');
    });
  });
});
