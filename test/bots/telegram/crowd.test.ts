import type { Message, User } from 'grammy/types';
import { afterEach, describe, expect, it } from 'vitest';
import { picture } from './engine.ts';
import { Harness, until } from './harness.ts';

let harness: Harness;

afterEach(async () => {
  await harness.close();
  expect(harness.telegram.violations).toEqual([]);
  expect(harness.telegram.floods).toEqual([]);
});

describe('a crowd', () => {
  it('of 100 people at once gets one cartoon each, in turns, and provokes no flood', {
    timeout: 60_000,
  }, async () => {
    harness = await Harness.start({ flood: {} });
    const { telegram } = harness;
    const bot = await harness.bot({ rateLimits: {} });
    const order: string[] = [];
    bot.queue.on('done', ({ job }) => void order.push(job.user));
    const greedy = telegram.newUser();
    const crowd: { user: User; source: Message }[] = [];
    for (let i = 0; i < 10; i++)
      crowd.push({
        user: greedy,
        source: await telegram.send(greedy, { photo: await picture(`greedy ${i}`) }),
      });
    const sent = await Promise.all(
      Array.from({ length: 99 }, async (_, i) => {
        const user = telegram.newUser();
        return { user, source: await telegram.send(user, { photo: await picture(`crowd ${i}`) }) };
      }),
    );
    crowd.push(...sent);
    for (const { user, source } of crowd)
      await until(() => telegram.pictures(telegram.dm(user), source)[0], 'an answer', 50_000);
    for (const { user } of sent) {
      const messages = telegram.botMessages(telegram.dm(user));
      expect(messages.filter((message) => message.photo)).toHaveLength(1);
    }
    await until(
      () =>
        crowd.every(({ user }) => telegram.botMessages(telegram.dm(user)).every((message) => message.photo)),
      'all status messages to go',
    );
    expect(telegram.pictures(telegram.dm(greedy))).toHaveLength(10);
    expect(bot.engine.runs).toHaveLength(109);
    expect(bot.engine.mostRunning).toBeLessThanOrEqual(2);
    // Who sent ten photos first does not go first ten times.
    const lastOfGreedy = order.lastIndexOf(`tg-${greedy.id}`);
    expect(lastOfGreedy).toBeGreaterThan(50);
  });

  it('in one group stays under the limits of the group, status messages included', {
    timeout: 60_000,
  }, async () => {
    // A window of 6 s in place of 60, and 8 messages in place of 20.
    harness = await Harness.start({ flood: { perGroup: 8, groupWindowMs: 6000 } });
    const { telegram } = harness;
    const bot = await harness.bot({ rateLimits: { perGroup: 7, groupWindowMs: 6200 } });
    const group = telegram.newGroup();
    bot.engine.hold();
    const sources: Message[] = [];
    for (let i = 0; i < 12; i++) {
      const user = telegram.newUser();
      sources.push(
        await telegram.send(user, { photo: await picture(`group ${i}`), caption: '/cartoon' }, group),
      );
    }
    await harness.quiet(4000);
    bot.engine.release();
    for (const source of sources) await until(() => telegram.pictures(group, source)[0], 'an answer', 50_000);
    expect(telegram.pictures(group)).toHaveLength(12);
  });

  it('of one, who repeats the same photo and words without end, is held back kindly', async () => {
    harness = await Harness.start({ flood: {} });
    const { telegram } = harness;
    const bot = await harness.bot({ rateLimits: {} });
    const user = telegram.newUser();
    const source = await telegram.send(user, { photo: await picture('again and again') });
    await harness.answerTo(telegram.dm(user), source);
    for (let i = 0; i < 60; i++) {
      await telegram.send(user, { forward: source });
      await telegram.send(user, { text: `hello ${i}` });
    }
    const other = telegram.newUser();
    const quick = await telegram.send(other, { photo: await picture('other') });
    await harness.answerTo(telegram.dm(other), quick);
    expect(bot.engine.runs).toHaveLength(2);
    // What still waits is bounded: the rest was refused once, or dropped.
    const refused = bot.log.filter((line) => line.includes('rate_limited'));
    expect(refused.length).toBeGreaterThan(20);
    await harness.telegram.close();
  });
});
