/** The end of a process and the beginning of the next. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiscordReply } from '../../../src/bots/discord/types.ts';
import type { Job } from '../../../src/queue/types.ts';
import { DctoonError } from '../../../src/shared/errors.ts';
import { createTexts } from '../../../src/texts/index.ts';
import { componentsOf } from '../../support/loopback-discord/index.ts';
import {
  aCartoon,
  type Bot,
  nextProcess,
  photo,
  type Stage,
  startStage,
  untilNoted,
  upload,
} from './harness.ts';

const texts = createTexts('en');

describe('stop and restart', () => {
  let stage: Stage;
  let bot: Bot;
  beforeEach(async () => {
    stage = await startStage({ eagerStatus: true });
    bot = stage.bot;
  });
  afterEach(() => stage.end());

  /** What a journal hands to the next process: the jobs, through JSON. */
  const journalled = () =>
    (JSON.parse(JSON.stringify(bot.jobs)) as Job[]).map((job) => ({ job, reply: job.reply as DiscordReply }));

  const slash = async () =>
    stage.people.slash(stage.world.person('ann'), stage.here, 'cartoonize', { image: await upload() });
  const twoPhotos = async () => {
    const photos = [await upload(), await upload({ name: 'b.jpg', bytes: await photo(70, 20) })];
    const target = stage.people.write(stage.world.person('x'), stage.guild.channel, { photos });
    const seen = await stage.people.messageMenu(stage.world.person('y'), stage.here, 'Cartoonize', target);
    await stage.world.until(() => bot.jobs.length === 2, 'two jobs');
    return seen;
  };

  it('results arrive after the gateway was closed, to interactions and to messages', async () => {
    stage.engine.hold();
    const seen = await slash();
    const user = stage.world.person('m');
    const message = stage.people.write(user, stage.world.dm(user), { photos: [await upload()] });
    await stage.world.until(() => bot.queue.counts().processing === 2, 'two running jobs');
    await bot.adapter.stop();
    expect(stage.gateway.connected).toBe(0);
    stage.engine.release();
    expect((await seen.until()).attachments).toHaveLength(1);
    const isAnswer = (one: typeof message) =>
      one.message_reference?.message_id === message.id && one.attachments.length === 1;
    await stage.world.until(
      () => [...stage.world.messages.values()].some(isAnswer),
      'the answer to the message',
    );
  });

  it('who waits reads that the photo is kept; the next processes answer in the same reply', async () => {
    stage.engine.hold();
    const seen = await twoPhotos();
    await untilNoted(stage, seen);
    await bot.adapter.stop();
    await bot.conversation.restarting();
    const kept = await seen.until((reply) => reply.content.includes(texts.status.restarting));
    expect(componentsOf(kept)).toEqual([]);
    const [first, second] = journalled();
    if (!first || !second) throw new Error('two jobs were expected');

    const next = await nextProcess(stage);
    await next.messenger.deliver(first.job, first.reply, await aCartoon());
    expect((await seen.until((reply) => reply.attachments.length === 1)).content).toContain('1 of 2');
    await next.close();

    // That one dies before it has noted the delivery, which is repeated.
    const third = await nextProcess(stage);
    await third.messenger.deliver(first.job, first.reply, await aCartoon());
    await third.messenger.deliver(second.job, second.reply, await aCartoon());
    const last = await seen.until((reply) => reply.attachments.length === 2);
    expect(last.attachments.map((one) => one.filename)).toEqual(['dctoon-3d-1.jpg', 'dctoon-3d-2.jpg']);
    expect(last.content).toBe('');
    // The styles, and what else can be made of the photo.
    expect(componentsOf(last)).toHaveLength(4);

    const calls = stage.world.calls.length;
    await third.messenger.deliver(second.job, second.reply, await aCartoon());
    await third.messenger.fail(first.job, first.reply, new DctoonError('internal'));
    expect(stage.world.calls).toHaveLength(calls);
    await third.close();
  });

  it('a crash between the upload and the note of it does not double the picture', async () => {
    const seen = await slash();
    await seen.until();
    await stage.world.until(() => bot.queue.counts().delivering === 0, 'the end');
    await rm(join(stage.dataDir, 'discord', 'replies'), { recursive: true });
    const [only] = journalled();
    if (!only) throw new Error('a job was expected');
    const next = await nextProcess(stage);
    await next.messenger.deliver(only.job, only.reply, await aCartoon());
    expect(seen.reply?.attachments).toHaveLength(1);
    expect(stage.world.calls.filter((call) => call.files.length > 0)).toHaveLength(1);
    await next.close();
  });

  it('an answer that failed in the last process is given by the next, with its own reason', async () => {
    stage.engine.hold();
    const seen = await slash();
    await stage.world.until(() => bot.jobs.length === 1, 'a job');
    const [only] = journalled();
    if (!only) throw new Error('a job was expected');
    const next = await nextProcess(stage);
    await next.messenger.fail(only.job, only.reply, new DctoonError('crashed'));
    expect((await seen.until()).content).toBe(texts.error('crashed'));
    await next.close();
  });

  it('what is written to disk holds no token', async () => {
    const seen = await twoPhotos();
    await seen.until((reply) => reply.attachments.length === 2 && reply.content === '');
    const folder = join(stage.dataDir, 'discord', 'replies');
    await stage.world.until(() => bot.queue.counts().delivering === 0, 'the end');
    const files = await readdir(folder);
    expect(files).toEqual([`dc-${seen.interaction.id}.json`]);
    expect(await readFile(join(folder, files[0] ?? ''), 'utf8')).not.toContain(seen.interaction.token);
    // In a job it is in this one place, for the journal to protect.
    const reply = journalled()[0]?.reply;
    expect(JSON.stringify(reply).split(seen.interaction.token)).toHaveLength(2);
    expect(reply?.target).toMatchObject({ kind: 'interaction', token: seen.interaction.token });
  });
});
