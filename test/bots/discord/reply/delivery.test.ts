/** What can go wrong on the way back, by Discord's error codes. */
import { MessageFlags } from 'discord.js';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTexts } from '../../../../src/texts/index.ts';
import type { Seen } from '../../../support/loopback-discord/index.ts';
import { actionsOf, laterPhoto, pictureAt, type Stage, startStage, upload } from '../harness.ts';

const texts = createTexts('en');
const EDIT = /^\/webhooks\/\d+\/[^/]+\/messages\/@original$/;

describe('delivery', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage({ eagerStatus: true });
  });
  afterAll(() => stage.end());

  const slash = () => actionsOf(stage).slash();
  const idle = () => actionsOf(stage).idle();
  const during = (seen: Seen, meanwhile: () => unknown) => actionsOf(stage).during(seen, meanwhile);
  const editsOf = (seen: Seen) =>
    stage.world.calls.filter((call) => call.method === 'PATCH' && call.path.includes(seen.interaction.token));
  const jobsOf = (seen: Seen) => stage.bot.jobs.filter((job) => job.id.includes(seen.interaction.id));
  const code = (status: number, error: number) => ({
    method: 'PATCH',
    path: EDIT,
    uploads: true,
    status,
    body: { code: error, message: 'x' },
  });
  it('the text of the status does not stay beside the cartoon', async () => {
    stage.engine.hold();
    const { seen } = await slash();
    await seen.until((reply) => reply.content !== '');
    stage.engine.release();
    const reply = await seen.until();
    expect(reply.content).toBe('');
    expect(reply.attachments).toHaveLength(1);
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
    await laterPhoto(stage);
    expect(stage.engine.drawn).toHaveLength(drawn + 1);
    expect(jobsOf(seen)).toEqual([]);
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
    await laterPhoto(stage);
    expect(stage.engine.drawn).toHaveLength(drawn + 1);
    expect(jobsOf(seen)).toEqual([]);
  });

  it('reply deleted meanwhile: the other photos of the message are not drawn', async () => {
    const { people, world, guild, here } = stage;
    stage.engine.hold();
    const photos = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => upload({ name: `${n}.jpg` })));
    const target = people.write(world.person('a'), guild.channel, { photos });
    const drawn = stage.engine.drawn.length;
    const seen = await people.messageMenu(world.person('b'), here, 'Cartoonize', target);
    await world.until(() => stage.bot.queue.counts().queued === 4, 'four waiting jobs');
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
});
