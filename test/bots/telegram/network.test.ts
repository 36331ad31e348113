import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { GrammyError, HttpError } from 'grammy';
import type { Update, User } from 'grammy/types';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../../src/bots/telegram/client.ts';
import { RateLimiter } from '../../../src/bots/telegram/outgoing/rate-limiter.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { createTexts } from '../../../src/texts/index.ts';
import type { Room } from '../../support/loopback-telegram/index.ts';
import { picture, sha256 } from './engine.ts';
import { type Harness, type TestBot, until, useBot } from './harness.ts';

let harness: Harness;
let bot: TestBot;
let user: User;
let room: Room;
const en = createTexts('en');
const silent = createLogger({ level: 'silent' });

useBot((started) => {
  ({ harness, bot, user, room } = started);
});

describe('the network and the server', () => {
  it('429 is waited out, not lost', async () => {
    const { telegram } = harness;
    const error = { code: 429, description: 'Too Many Requests: retry after 1', retryAfter: 1 };
    telegram.fault({ method: 'editMessageMedia', error, times: 2 });
    const source = await telegram.send(user, { photo: await picture('flood') });
    await harness.answerTo(room, source);
    const calls = telegram.callsOf('editMessageMedia');
    expect(calls).toHaveLength(3);
    expect((calls[2]?.at ?? 0) - (calls[0]?.at ?? 0)).toBeGreaterThanOrEqual(1950);
    expect(bot.engine.runs).toHaveLength(1);
    // Words have no queue behind them that would try again.
    telegram.fault({ method: 'sendMessage', error });
    const command = await telegram.send(user, { text: '/help' });
    await harness.textTo(room, command);
  });

  it('a socket that dies during the upload costs one more try', async () => {
    const { telegram } = harness;
    telegram.fault({ method: 'editMessageMedia', drop: 'before' });
    const source = await telegram.send(user, { photo: await picture('dropped') });
    await harness.answerTo(room, source);
    await harness.quiet(300);
    expect(telegram.callsOf('editMessageMedia')).toHaveLength(2);
    expect(telegram.pictures(room)).toHaveLength(1);
    // Words have no queue behind them that would try again.
    telegram.fault({ method: 'sendMessage', drop: 'before' });
    const command = await telegram.send(user, { text: '/help' });
    await harness.textTo(room, command);
  });

  it('the answer to another style is never doubled, even when the answer of the server was lost', async () => {
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await picture('lost') });
    const answer = await harness.answerTo(room, source);
    telegram.fault({ method: 'editMessageMedia', drop: 'after' });
    telegram.press(user, room, answer, 'Anime');
    await until(() => telegram.callsOf('editMessageMedia').length === 2, 'the second try');
    await harness.quiet(300);
    expect(telegram.pictures(room)).toHaveLength(1);
  });

  it('a server that stays away is asked again by the queue, and the photo is drawn once', async () => {
    const { telegram } = harness;
    telegram.fault({ method: 'editMessageMedia', drop: 'before', times: 5 });
    const source = await telegram.send(user, { photo: await picture('away') });
    await harness.answerTo(room, source);
    expect(bot.engine.runs).toHaveLength(1);
    expect(telegram.pictures(room)).toHaveLength(1);
  });

  it('an answer from the cache and a refusal reach their person as well', async () => {
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await picture('cached') });
    await harness.answerTo(room, source);
    telegram.fault({ method: 'editMessageMedia', drop: 'before', times: 5 });
    const again = await telegram.send(user, { forward: source });
    await harness.answerTo(room, again);
    expect(bot.engine.runs).toHaveLength(1);
    telegram.fault({ method: 'sendMessage', drop: 'before', times: 3 });
    const document = { bytes: await picture('large'), name: 'a.png', announced: 30e6 };
    const large = await telegram.send(user, { document });
    expect(await harness.textTo(room, large)).toBe(en.error('too_large'));
  }, 60_000);

  it('a broken download is reported, its body never reaches the engine, and the next photo works', async () => {
    const { telegram } = harness;
    const body = await picture('error page');
    telegram.fault({ method: 'download', error: { code: 404, description: 'Not Found' } });
    const first = await telegram.send(user, { photo: await picture('404') });
    expect(await harness.textTo(room, first)).toBe(en.error('download_failed'));
    const bytes = await picture('half', 640, 480);
    telegram.fault({ method: 'download', drop: 'after', times: 2 });
    const half = await telegram.send(user, { photo: bytes });
    expect(await harness.textTo(room, half)).toBe(en.error('download_failed'));
    expect(bot.engine.runs).toEqual([]);
    const next = await telegram.send(user, { photo: body });
    await harness.answerTo(room, next);
    expect(bot.engine.runs.map((run) => run.photo)).toEqual([sha256(body)]);
  });

  it('a file that is larger than announced is cut off', async () => {
    const { telegram } = harness;
    telegram.fault({ method: 'download', body: Buffer.alloc(21 * 1024 * 1024) });
    const source = await telegram.send(user, { photo: await picture('liar') });
    expect(await harness.textTo(room, source)).toBe(en.error('too_large'));
  });

  it('a slow download holds up nobody else', async () => {
    const { telegram } = harness;
    telegram.fault({ method: 'download', delayMs: 2500 });
    const slow = await telegram.send(user, { photo: await picture('slow') });
    const other = telegram.newUser();
    const command = await telegram.send(other, { text: '/help' });
    await harness.textTo(telegram.dm(other), command);
    const quick = await telegram.send(other, { photo: await picture('quick') });
    await harness.answerTo(telegram.dm(other), quick);
    expect(telegram.pictures(room)).toEqual([]);
    await harness.answerTo(room, slow);
  });
});

describe('people who are gone', () => {
  it('a deleted photo is answered all the same', async () => {
    const { telegram } = harness;
    bot.engine.hold();
    const source = await telegram.send(user, { photo: await picture('deleted') });
    await until(() => bot.engine.running === 1, 'the run');
    telegram.delete(room, source);
    bot.engine.release();
    await until(() => telegram.pictures(room)[0], 'the cartoon');
  });

  it.each(['blocked', 'deactivated', 'kicked'] as const)(
    'a chat that is %s ends the job silently',
    async (state) => {
      const { telegram } = harness;
      bot.engine.hold();
      await telegram.send(user, { photo: await picture(state) });
      await until(() => bot.engine.running === 1, 'the run');
      room.state = state;
      bot.engine.release();
      await until(() => telegram.callsOf('sendMessage')[0]?.outcome?.startsWith('Forbidden'), 'the refusal');
      await harness.quiet(500);
      // Nothing is tried again, and nobody is alarmed.
      expect(telegram.callsOf('sendMessage')).toHaveLength(1);
      expect(bot.log.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
      const other = telegram.newUser();
      const next = await telegram.send(other, { photo: await picture('next') });
      await harness.answerTo(telegram.dm(other), next);
    },
  );
});

describe('waiting', () => {
  it('shows one status message that is edited and removed, and can be cancelled by its owner only', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    bot.engine.hold();
    const send = async (seed: string) =>
      telegram.send(user, { photo: await picture(seed), caption: '/cartoon' }, group);
    const sources = [await send('w1'), await send('w2'), await send('w3')];
    const third = sources[2];
    if (!third) throw new Error('no third');
    const status = await until(
      () =>
        telegram
          .botMessages(group)
          .find((message) => message.text && message.reply_to_message?.message_id === third.message_id),
      'a status message',
    );
    const stranger = telegram.newUser();
    const wrong = telegram.press(stranger, group, status, en.cancel.label);
    await until(() => telegram.callbackAnswer(wrong)?.text === en.cancel.onlyRequester, 'a refusal');
    const right = telegram.press(user, group, status, en.cancel.label);
    await until(() => telegram.callbackAnswer(right)?.text === en.cancel.done, 'the confirmation');
    await until(() => !group.messages.has(status.message_id), 'the status message to go');
    const late = telegram.press(
      user,
      group,
      status,
      `c:${user.id.toString(36)}:tg-${group.chat.id}-${third.message_id}`,
    );
    await until(() => telegram.callbackAnswer(late)?.text === en.cancel.tooLate, 'too late');
    bot.engine.release();
    for (const source of sources.slice(0, 2)) await harness.answerTo(group, source);
    await until(() => telegram.botMessages(group).every((message) => message.photo), 'a clean chat');
    expect(telegram.pictures(group, third)).toEqual([]);
  });

  it('an album is cancelled as a whole', async () => {
    const { telegram } = harness;
    bot.engine.hold();
    const parts = await Promise.all(['x', 'y', 'z'].map(async (seed) => ({ photo: await picture(seed) })));
    await telegram.sendAlbum(user, parts);
    const status = await until(() => telegram.botMessages(room)[0], 'a status message');
    telegram.press(user, room, status, en.cancel.label);
    await until(() => telegram.botMessages(room).length === 0, 'a clean chat');
    expect(bot.queue.counts()).toEqual({ queued: 0, processing: 0, delivering: 0 });
  });

  it('for another style shows in the caption of the cartoon, and leaves no trace', async () => {
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await picture('caption') });
    const answer = await harness.answerTo(room, source);
    bot.engine.hold();
    telegram.press(user, room, answer, 'Anime');
    const current = () => telegram.world.current(room, answer.message_id);
    await until(() => current()?.caption, 'a caption');
    telegram.press(user, room, answer, en.cancel.label);
    await until(() => !current()?.caption, 'the caption to go');
    expect(telegram.buttons(current() ?? answer)).not.toEqual([]);
    bot.engine.release();
    telegram.press(user, room, answer, 'Sketch');
    await until(() => telegram.callsOf('editMessageMedia').at(-1)?.outcome === 'ok', 'the sketch');
    expect(current()?.caption).toBeUndefined();
  });

  it('is capped per person, who reads that once', async () => {
    const { telegram } = harness;
    await bot.stop();
    bot = await harness.bot({ limitPerUser: 2 });
    bot.engine.hold();
    for (let i = 0; i < 6; i++) await telegram.send(user, { photo: await picture(`cap ${i}`) });
    await until(() => telegram.callsOf('getFile').length >= 2, 'two downloads');
    await harness.quiet(1000);
    const refusals = telegram.botMessages(room).filter((message) => message.text?.includes('2 photos'));
    expect(refusals).toHaveLength(1);
    bot.engine.release();
    await until(() => telegram.pictures(room).length === 2, 'two cartoons');
  });
});

describe('polling', () => {
  it('gets unconfirmed updates again after a crash, and answers a repeated one once', async () => {
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await picture('again') });
    await harness.answerTo(room, source);
    telegram.updates.repeat({ update_id: 700_000_000, message: source } as Update);
    const next = await telegram.send(user, { photo: await picture('next') });
    await harness.answerTo(room, next);
    expect(telegram.pictures(room, source)).toHaveLength(1);
    await bot.stop();
    const missed = await telegram.send(user, { photo: await picture('missed') });
    bot = await harness.bot();
    await harness.answerTo(room, missed);
    expect(telegram.pictures(room, source)).toHaveLength(1);
  });

  it('confirms what it took when it stops, and takes nothing more', async () => {
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await picture('stop') });
    await harness.answerTo(room, source);
    await bot.adapter.stop();
    expect(telegram.updates.unconfirmed).toEqual([]);
    await telegram.send(user, { photo: await picture('later') });
    await harness.quiet();
    expect(telegram.updates.unconfirmed).toHaveLength(1);
  });

  it('still answers what was accepted after it stopped', async () => {
    const { telegram } = harness;
    bot.engine.hold();
    const source = await telegram.send(user, { photo: await picture('drain') });
    await until(() => bot.engine.running === 1, 'the run');
    await bot.adapter.stop();
    bot.engine.release();
    await harness.answerTo(room, source);
  });

  it('ends with a clear message when another process polls', async () => {
    const second = await harness.bot();
    await until(() => bot.fatal[0] ?? second.fatal[0], 'the end of one of them');
    expect((bot.fatal[0] ?? second.fatal[0])?.message).toContain('Another process receives updates');
    expect(second.log.filter((line) => line.includes(harness.telegram.token))).toEqual([]);
  });

  it('refuses to start with a wrong token, in plain words', async () => {
    const { telegram } = harness;
    telegram.fault({ method: 'getMe', error: { code: 401, description: 'Unauthorized' } });
    const other = await harness.prepare();
    await expect(other.adapter.start()).rejects.toThrow(/refused TELEGRAM_TOKEN/);
  });
});

describe('the token', () => {
  it('is in no printed error of the client, however deep one looks', async () => {
    const { telegram } = harness;
    const { token, root } = telegram;
    const { bot: client } = createClient({
      token,
      apiRoot: root,
      rateLimiter: new RateLimiter(),
      logger: silent,
    });
    telegram.fault({ method: 'sendMessage', drop: 'before', times: 2 });
    const network = await client.api.sendMessage(user.id, 'x').catch((error: unknown) => error);
    const refusal = await client.api.sendMessage(1, 'x').catch((error: unknown) => error);
    expect(network).toBeInstanceOf(HttpError);
    expect(refusal).toBeInstanceOf(GrammyError);
    for (const error of [network, refusal]) expect(inspect(error, { depth: 20 })).not.toContain(token);
  });

  it('is in no error and no file of the data folder', async () => {
    const { telegram } = harness;
    const source = await telegram.send(user, { photo: await picture('token') });
    await harness.answerTo(room, source);
    telegram.fault({ method: 'editMessageMedia', drop: 'before', times: 2 });
    telegram.fault({ method: 'getFile', drop: 'before', times: 5, when: () => true });
    await telegram.send(user, { photo: await picture('token 2') });
    await until(() => bot.log.some((line) => line.includes('trying again')), 'a warning');
    await harness.quiet(300);
    const results = await readFile(join(bot.dataDir, 'telegram', 'results.jsonl'), 'utf8');
    expect(results).not.toContain(telegram.token);
    expect(results.split('\n').length).toBeGreaterThan(2);
  });
});
