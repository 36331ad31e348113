/** Requests that a dead process left. (Real kills: test/app/crash.test.ts.) */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AlbumRequest,
  albumRequestSchema,
} from '../../../../src/bots/discord/incoming/album-request.ts';
import { createTexts } from '../../../../src/texts/index.ts';
import type { Seen, Upload } from '../../../support/loopback-discord/index.ts';
import { type Bot, laterPhoto, photo, type Stage, startBot, startStage, upload } from '../harness.ts';

const texts = createTexts('en');

describe('a request whose process died', () => {
  let stage: Stage;
  let next: Bot | undefined;
  beforeEach(async () => {
    next = undefined;
    stage = await startStage();
    await stage.bot.stop();
  });
  afterEach(() => stage.end(next));

  /** A process dies after the acknowledgement (or before), with nothing done but the note of the request. */
  async function dies(
    request: Partial<AlbumRequest>,
    { acknowledged = true, by = 'ann' } = {},
  ): Promise<Seen> {
    const { people, world, here } = stage;
    people.useEndpoint(async () => Response.json({ type: acknowledged ? 5 : 1 }));
    const user = world.person(by);
    const seen = await people.slash(user, here, 'cartoonize', { image: await upload() });
    people.useEndpoint(undefined);
    if (!acknowledged) Object.assign(seen.interaction, { acknowledgedAt: undefined });
    const { id, token, payload } = seen.interaction;
    await note({
      id,
      userId: user.id,
      locale: 'en',
      target: {
        kind: 'interaction',
        applicationId: payload.application_id,
        token,
        createdAt: world.now(),
        fallback: { channelId: here.channel.id },
      },
      pictures: [link(await upload())],
      ...request,
    });
    return seen;
  }

  async function note(request: AlbumRequest): Promise<void> {
    const folder = join(stage.dataDir, 'discord', 'inbox');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, '0.jsonl'), `${JSON.stringify(['+', request.id, request])}\n`);
  }

  const link = (file: Upload) => ({ url: stage.world.attach(file).url, spoiler: false });
  async function start(now: () => number = Date.now): Promise<Bot> {
    next = await startBot(stage.discord, stage.dataDir, { extra: { now } });
    return next;
  }
  const idle = (bot: Bot) =>
    stage.world.until(
      () => Object.values(bot.queue.counts()).every((count) => count === 0),
      'an empty queue',
    );

  it('is drawn into its reply', async () => {
    const seen = await dies({ style: 'anime' });
    const bot = await start();
    expect((await seen.until()).attachments.map((one) => one.filename)).toEqual(['dctoon-anime.jpg']);
    await idle(bot);
    // And by nobody after that.
    await bot.stop();
    const third = await start();
    const later = await laterPhoto(stage, third);
    expect(third.jobs.map((job) => job.id)).toEqual([later]);
  });

  it('that was never acknowledged is forgotten: its person has been told so by Discord', async () => {
    const seen = await dies({}, { acknowledged: false });
    const bot = await start();
    await stage.world.until(
      () => stage.world.calls.find((call) => call.method === 'GET' && call.path.endsWith('@original')),
      'a look at the reply',
    );
    const later = await laterPhoto(stage, bot);
    expect([bot.jobs.map((job) => job.id), seen.reply]).toEqual([[later], undefined]);
  });

  it('gets what is missing: pictures that are on the reply already are not added again', async () => {
    const { world } = stage;
    const two = [await upload(), await upload({ bytes: await photo(90, 30) })];
    const seen = await dies({ pictures: two.map(link) });
    const reply = seen.reply;
    if (!reply) throw new Error('no reply');
    reply.flags = 0 as never;
    reply.attachments = [world.attach({ name: 'dctoon-3d-1.jpg', bytes: await photo() })];
    const bot = await start();
    const last = await seen.until((now) => now.attachments.length === 2 && now.content === '');
    expect(last.attachments.map((one) => one.filename)).toEqual(['dctoon-3d-1.jpg', 'dctoon-3d-2.jpg']);
    await idle(bot);
    const uploads = world.calls.flatMap((call) => call.files.map((file) => file.name));
    expect(uploads).toEqual(['dctoon-3d-2.jpg']);
  });

  it('whose pictures were still being looked for: the person reads to send it again', async () => {
    const seen = await dies({ pictures: [] });
    await start();
    expect((await seen.until()).content).toBe(texts.error('shutting_down'));
  });

  it('that waited longer than its token lives is told so, where that is allowed', async () => {
    const seen = await dies({});
    const later = () => Date.now() + 16 * 60_000;
    stage.world.now = later;
    const bot = await start(later);
    const { channel } = stage.here;
    const told = await stage.world.until(
      () => [...stage.world.messages.values()].find((one) => one.content.includes(texts.error('expired'))),
      'a message',
    );
    expect([told.channel_id, bot.jobs]).toEqual([channel.id, []]);
    expect(seen.reply?.attachments).toEqual([]);
  });

  it('that is a message is answered, once', async () => {
    const { world, people } = stage;
    const user = world.person('m');
    const dm = world.dm(user);
    const message = people.write(user, dm, { photos: [await upload()] });
    const [attachment] = message.attachments;
    if (!attachment) throw new Error('no photo');
    await note({
      id: message.id,
      userId: user.id,
      locale: 'en',
      target: { kind: 'message', channelId: dm.id, messageId: message.id },
      pictures: [{ url: attachment.url, spoiler: false }],
    });
    const bot = await start();
    const isAnswer = (one: typeof message) => one.message_reference?.message_id === message.id;
    const answers = () => [...world.messages.values()].filter(isAnswer);
    await world.until(() => answers()[0]?.attachments.length === 1, 'the answer');
    await idle(bot);
    // The gateway repeats it, as after a resume.
    people.announce(message, dm);
    await laterPhoto(stage, bot);
    expect(answers()).toHaveLength(1);
  });

  it('that was being fetched when the service stopped is taken up silently', async () => {
    const bot = await start();
    stage.world.fault({ path: /attachments/, status: 200, delayMs: 60_000 });
    const user = stage.world.person('slow');
    const image = await upload();
    const seen = await stage.people.slash(user, stage.here, 'cartoonize', { image });
    await seen.acknowledged();
    await stage.world.until(() => stage.world.faults.every((fault) => fault.left === 0), 'the download');
    // As the service does it: no waiting here, since the queue closes while the photo is being fetched.
    void bot.adapter.stop();
    await bot.queue.close();
    await bot.conversation.close();
    await bot.adapter.stop();
    await bot.adapter.close();
    expect(seen.reply?.content).toBe('');
    await start();
    expect((await seen.until()).attachments).toHaveLength(1);
  });
});

it('whatever lies in an inbox is a request, or is not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      expect(albumRequestSchema.safeParse(json).success).toBe(false);
    }),
  );
});
