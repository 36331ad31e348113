/** What can go wrong on the way back, by Discord's error codes (scenarios 9, 10, 17, 18, 21-23). */
import { MessageFlags } from 'discord.js';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTexts } from '../../../src/texts/index.ts';
import { type APIMessage, componentsOf, type Seen } from '../../support/loopback-discord/index.ts';
import { photo, pictureAt, type Stage, startStage, upload } from './harness.ts';

const texts = createTexts('en');
const MINUTE = 60_000;
const EDIT = /^\/webhooks\/\d+\/[^/]+\/messages\/@original$/;

describe('delivery', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage({ eagerStatus: true });
  });
  afterAll(() => stage.end());

  const slash = async (
    options: { private?: boolean } = {},
    place: Parameters<Stage['people']['slash']>[1] = stage.here,
  ) => {
    const user = stage.world.person('someone');
    const image = await upload({ bytes: await photo(400, 300) });
    return { user, seen: await stage.people.slash(user, place, 'cartoonize', { image, ...options }) };
  };
  const idle = () =>
    stage.world.until(
      () => Object.values(stage.bot.queue.depth()).every((count) => count === 0),
      'an empty queue',
    );
  const editsOf = (seen: Seen) =>
    stage.world.calls.filter((call) => call.method === 'PATCH' && call.path.includes(seen.interaction.token));
  const code = (status: number, error: number) => ({
    method: 'PATCH',
    path: EDIT,
    uploads: true,
    status,
    body: { code: error, message: 'x' },
  });
  /** Holds the engine while `meanwhile` happens, then lets the photo be drawn. */
  const during = async (seen: Seen, meanwhile: () => unknown) => {
    await seen.acknowledged();
    await stage.world.until(() => stage.bot.queue.depth().running > 0, 'a running job');
    await meanwhile();
    stage.engine.release();
  };
  const channelMessages = (channelId: string) =>
    [...stage.world.messages.values()].filter(
      (one) => one.channel_id === channelId && !one.interaction_metadata,
    );

  it('the text of the status does not stay beside the cartoon', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await seen.until((reply) => reply.content !== '');
    stage.engine.release();
    const reply = await seen.until();
    expect(reply.content).toBe('');
    expect(reply.attachments).toHaveLength(1);
  });

  it('a status is edited once in three seconds, however often the queue has news', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await seen.until((reply) => reply.content !== '');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(editsOf(seen)).toHaveLength(1);
    stage.engine.release();
    await seen.until();
  });

  it('429 on the upload: the same bytes again', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await during(seen, () =>
      stage.world.fault({
        ...code(429, 0),
        body: { message: 'You are being rate limited.', retry_after: 0.2, global: false },
        headers: { 'retry-after': '1', 'x-ratelimit-scope': 'user' },
      }),
    );
    await seen.until();
    const uploads = editsOf(seen).filter((call) => call.files.length > 0);
    expect(uploads.map((call) => call.status)).toEqual([429, 200]);
    expect(uploads[0]?.files[0]?.bytes).toEqual(uploads[1]?.files[0]?.bytes);
  });

  it('5xx and a lost connection: tried again until it is there, once', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    // More than discord.js repeats by itself.
    await during(seen, () => stage.world.fault({ ...code(502, 0), times: 5 }));
    const reply = await seen.until();
    expect(reply.attachments).toHaveLength(1);
  });

  it('an answer that was lost on its way back is not given twice', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await during(seen, () => stage.world.fault({ ...code(504, 0), times: 1, afterwards: true }));
    await idle();
    expect((await seen.until()).attachments).toHaveLength(1);
  });

  it('40005: made smaller and sent again, once', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await during(seen, () => stage.world.fault(code(413, 40005)));
    const reply = await seen.until();
    const uploads = editsOf(seen).filter((call) => call.files.length > 0);
    expect(uploads.map((call) => call.status)).toEqual([413, 200]);
    expect(uploads[1]?.files[0]?.bytes.length).toBeLessThan(uploads[0]?.files[0]?.bytes.length ?? 0);
    const picture = await pictureAt(reply.attachments[0]?.url ?? '');
    expect([picture.width, picture.height, picture.format]).toEqual([200, 150, 'jpeg']);
  });

  it('40005 twice: says so', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await during(seen, () => stage.world.fault({ ...code(413, 40005), times: 2 }));
    const reply = await seen.until();
    expect(reply.content).toBe(texts.delivery.tooLarge);
    expect(editsOf(seen).filter((call) => call.files.length > 0)).toHaveLength(2);
  });

  it('a PNG over the limit comes back as a JPEG that fits', async () => {
    const { world } = stage;
    const before = world.limits.fileBytes;
    world.limits.fileBytes = 30_000;
    try {
      const noise = Buffer.from(Array.from({ length: 120 * 120 * 3 }, () => Math.floor(Math.random() * 256)));
      const bytes = await sharp(noise, { raw: { width: 120, height: 120, channels: 3 } })
        .png()
        .toBuffer();
      const image = await upload({ bytes, name: 'noise.png' });
      const seen = await stage.people.slash(world.person('n'), stage.here, 'cartoonize', {
        image,
        format: 'png',
      });
      const reply = await seen.until();
      expect(reply.attachments[0]?.filename).toBe('dctoon-3d.jpg');
      expect((await pictureAt(reply.attachments[0]?.url ?? '')).format).toBe('jpeg');
    } finally {
      world.limits.fileBytes = before;
    }
  });

  it('AutoMod: says that it was AutoMod', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await during(seen, () => stage.world.fault(code(400, 200000)));
    expect((await seen.until((reply) => reply.content === texts.delivery.autoMod)).attachments).toEqual([]);
  });

  it('50013: the requester alone is told what is missing', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await during(seen, () => stage.world.fault({ ...code(403, 50013), uploads: false, times: 20 }));
    await stage.world.until(() => seen.followUps.length === 1, 'the sentence');
    expect(seen.followUps[0]?.content).toContain('Attach Files');
    expect((seen.followUps[0]?.flags ?? 0) & MessageFlags.Ephemeral).toBe(64);
    await idle();
    for (const fault of stage.world.faults) fault.left = 0;
  });

  it('any other refusal ends with a sentence and is not repeated', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await during(seen, () => stage.world.fault(code(400, 50035)));
    expect((await seen.until((reply) => reply.content === texts.delivery.failed)).attachments).toEqual([]);
    expect(editsOf(seen).filter((call) => call.status === 400)).toHaveLength(1);
  });

  it('10062: acknowledged too late, nothing is drawn', async () => {
    const drawn = stage.engine.drawn.length;
    stage.world.fault({
      method: 'POST',
      path: /\/callback$/,
      status: 404,
      body: { code: 10062, message: 'x' },
    });
    const { seen } = await slash();
    await stage.world.until(
      () =>
        stage.world.calls.some((call) => call.status === 404 && call.path.includes(seen.interaction.token)),
      'the refusal',
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stage.engine.drawn).toHaveLength(drawn);
    expect(seen.reply).toBeUndefined();
  });

  it('40060: acknowledged by another process, which also does the work', async () => {
    const drawn = stage.engine.drawn.length;
    stage.world.fault({
      method: 'POST',
      path: /\/callback$/,
      status: 400,
      body: { code: 40060, message: 'x' },
    });
    const { seen } = await slash();
    await stage.world.until(
      () =>
        stage.world.calls.some((call) => call.status === 400 && call.path.includes(seen.interaction.token)),
      'the refusal',
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stage.engine.drawn).toHaveLength(drawn);
  });

  it('reply deleted meanwhile: the other photos of the message are not drawn', async () => {
    const { people, world, guild, here } = stage;
    stage.engine.hold();
    const photos = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => upload({ name: `${n}.jpg` })));
    const target = people.write(world.person('a'), guild.channel, { photos });
    const drawn = stage.engine.drawn.length;
    const seen = await people.messageMenu(world.person('b'), here, 'Cartoonize', target);
    await world.until(() => stage.bot.queue.depth().waiting === 4, 'four waiting jobs');
    world.messages.delete(seen.interaction.originalId ?? '');
    stage.engine.delayMs = 150;
    stage.engine.release();
    await idle();
    stage.engine.delayMs = 0;
    expect(stage.engine.drawn.length - drawn).toBeLessThan(6);
    expect(
      editsOf(seen)
        .filter((call) => call.files.length > 0)
        .every((call) => call.status === 404),
    ).toBe(true);
  });

  describe('the token dies while the photo is drawn', () => {
    const die = async (seen: Seen) => during(seen, () => stage.world.advance(16 * MINUTE));

    it('in a server with the bot: a message in the channel, which says for whom', async () => {
      stage.engine.hold();
      const { user, seen } = await slash();
      const before = channelMessages(stage.guild.channel.id).length;
      await die(seen);
      const answer = await stage.world.until(
        () => channelMessages(stage.guild.channel.id)[before],
        'the message',
      );
      expect(answer.attachments).toHaveLength(1);
      expect(answer.content).toBe(`<@${user.id}>`);
      await idle();
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
      const { user, seen } = await slash({ private: true });
      const before = channelMessages(stage.guild.channel.id).length;
      await die(seen);
      const dm = stage.world.dm(user);
      const answer = await stage.world.until(() => channelMessages(dm.id)[0], 'the message');
      expect(answer.attachments).toHaveLength(1);
      await idle();
      expect(channelMessages(stage.guild.channel.id)).toHaveLength(before);
    });

    it('private, and the person takes no direct messages (50007): the end', async () => {
      stage.engine.hold();
      const { user, seen } = await slash({ private: true });
      stage.world.closedDms.add(user.id);
      await die(seen);
      await idle();
      expect(channelMessages(stage.world.dm(user).id)).toEqual([]);
    });

    it.each(['user', 'guild'] as const)('without a place to write (%s install): silence', async (install) => {
      stage.engine.hold();
      const place =
        install === 'user' ? { ...stage.here, install } : { ...stage.here, permissions: 1n << 15n };
      const { seen } = await slash({}, place);
      const before = channelMessages(stage.guild.channel.id).length;
      await die(seen);
      await idle();
      expect(channelMessages(stage.guild.channel.id)).toHaveLength(before);
    });
  });

  it('user install: ten pictures need no follow-up, so the sixth is never refused', async () => {
    const { people, world, guild } = stage;
    const photos = await Promise.all(Array.from({ length: 10 }, (_, n) => upload({ name: `${n}.jpg` })));
    const target = people.write(world.person('a'), guild.channel, { photos });
    const place = { channel: world.channel('private') };
    const seen = await people.messageMenu(world.person('b'), place, 'Cartoonize', target);
    const reply = await seen.until((one) => one.attachments.length === 10 && one.content === '');
    expect(reply.attachments).toHaveLength(10);
    expect(seen.interaction.followUps).toEqual([]);
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
      await idle();
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
        () => channelMessages(stage.world.dm(user).id)[0],
        'a direct message',
      );
      expect(told.content).toContain('Send Messages');
      await idle();
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
      await idle();
    });

    it('the photo was deleted meanwhile: answered all the same', async () => {
      stage.engine.hold();
      const user = stage.world.person('d');
      const channel = stage.world.dm(user);
      const message = stage.people.write(user, channel, { photos: [await upload()] });
      stage.world.messages.delete(message.id);
      stage.engine.release();
      const ours = () => channelMessages(channel.id).find((one) => one.author.id === stage.world.bot.id);
      await stage.world.until(() => ours()?.attachments.length === 1, 'the cartoon');
    });
  });
});
