import type { User } from 'grammy/types';
import { describe, expect, it } from 'vitest';
import { createTexts } from '../../../src/texts/index.ts';
import { picture } from './engine.ts';
import { type Harness, type TestBot, until, useBot } from './harness.ts';

let harness: Harness;
let bot: TestBot;
let user: User;
const en = createTexts('en');

useBot((started) => {
  ({ harness, bot, user } = started);
});

const name = () => `@${harness.telegram.world.bot.username}`;

describe('in a group', () => {
  it('a photo is drawn by a caption with the command or the mention', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    for (const [caption, style] of [
      ['/cartoon', '3d'],
      [`/cartoon${name()} anime`, 'anime'],
      [`${name()} sketch`, 'sketch'],
      [`look ${name().toUpperCase()}!`, '3d'],
    ] as const) {
      const source = await telegram.send(user, { photo: await picture(caption), caption }, group);
      await harness.answerTo(group, source);
      expect(bot.engine.runs.at(-1)?.style).toBe(style);
    }
  });

  it('a reply with the command or the mention draws the picture it replies to, and buttons find it again', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const author = telegram.newUser();
    const source = await telegram.send(author, { photo: await picture('hers') }, group);
    expect(telegram.updates.unconfirmed).toEqual([]);
    await telegram.send(user, { text: '/cartoon anime' }, group, { replyTo: source });
    const answer = await harness.answerTo(group, source);
    expect(bot.engine.runs[0]?.style).toBe('anime');
    telegram.press(user, group, answer, 'Sketch');
    await until(() => telegram.callsOf('editMessageMedia')[0]?.outcome === 'ok', 'the sketch');

    const other = await telegram.send(author, { photo: await picture('another') }, group);
    await telegram.send(user, { text: `${name()}` }, group, { replyTo: other });
    await harness.answerTo(group, other);
    // In ordinary groups a reply carries a thread id that nothing may be sent to.
    expect(telegram.calls.filter((call) => 'message_thread_id' in call.payload)).toEqual([]);
  });

  it('a picture in reply to the bot is drawn; stickers and words are not meant for it', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const first = await telegram.send(user, { photo: await picture('one'), caption: '/cartoon' }, group);
    const answer = await harness.answerTo(group, first);
    await telegram.send(user, { text: 'nice!' }, group, { replyTo: answer });
    await telegram.send(user, { sticker: { bytes: await picture('s', 9, 9, 'webp') } }, group, {
      replyTo: answer,
    });
    await telegram.send(user, { animation: true }, group, { replyTo: answer });
    const next = await telegram.send(user, { photo: await picture('two') }, group, { replyTo: answer });
    await harness.answerTo(group, next);
    await harness.quiet(300);
    expect(telegram.botMessages(group)).toHaveLength(2);
  });

  it('silence is kept about everything else, also when the bot sees all', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup({ privacy: false });
    await telegram.send(user, { photo: await picture('not for you') }, group);
    await telegram.send(user, { photo: await picture('nor this'), caption: '/cartoon@other_bot' }, group);
    await telegram.send(user, { photo: await picture('nor that'), caption: 'hi @other_bot /cartoon' }, group);
    await telegram.send(user, { text: 'hello' }, group);
    await telegram.send(user, { text: '/ban' }, group);
    await telegram.send(user, { video: {} }, group);
    await telegram.send(user, { text: '/stats' }, group);
    await until(() => telegram.updates.unconfirmed.length === 0, 'all updates to be taken');
    await harness.quiet();
    expect(telegram.botMessages(group)).toEqual([]);
    expect(telegram.callsOf('sendChatAction')).toEqual([]);
  });

  it('a mention without a picture explains itself', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const asked = await telegram.send(user, { text: `${name()} hi` }, group);
    expect(await harness.textTo(group, asked)).toBe(en.input.mention);
  });

  it('an album follows its caption, whatever part arrives first', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup({ privacy: false });
    const photos = await Promise.all(['a', 'b', 'c'].map(async (seed) => ({ photo: await picture(seed) })));
    const parts = await telegram.sendAlbum(user, photos, group, { caption: '/cartoon anime' });
    for (const part of parts) await harness.answerTo(group, part);
    const late = [...photos.slice(0, 2), { ...(photos[2] ?? {}), caption: '/cartoon sketch' }];
    const mixed = await telegram.sendAlbum(user, late, group);
    for (const part of mixed) await harness.answerTo(group, part);
    expect(bot.engine.runs.map((run) => run.style).sort()).toEqual([
      ...['anime', 'anime', 'anime'],
      ...['sketch', 'sketch', 'sketch'],
    ]);
  });

  it('anonymous administrators share the user of the chat they speak for, and anybody may press their buttons', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const ghost = { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' };
    const source = await telegram.send(ghost, { photo: await picture('anon'), caption: '/cartoon' }, group, {
      senderChat: group,
    });
    let owner = '';
    bot.queue.on('done', ({ job }) => {
      owner = job.user;
    });
    const answer = await harness.answerTo(group, source);
    await until(() => owner === `tg-${group.chat.id}`, 'the owner');
    telegram.press(user, group, answer, 'Anime');
    await until(() => bot.engine.runs.length === 2, 'anime');
  });

  it('other bots are ignored', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const robot = { id: 77, is_bot: true, first_name: 'Robot' };
    await telegram.send(robot, { photo: await picture('robot'), caption: '/cartoon' }, group);
    await harness.quiet();
    expect(bot.engine.runs).toEqual([]);
  });

  it('/style is answered to the person, and leaves the others alone', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    const asked = await telegram.send(user, { text: `/style${name()}` }, group);
    await harness.textTo(group, asked);
    const [menu] = telegram.botMessages(group);
    if (!menu) throw new Error('no menu');
    const press = telegram.press(user, group, menu, 'Anime');
    await until(() => telegram.callbackAnswer(press)?.text === en.style.set({ style: 'Anime' }), 'a toast');
    await harness.quiet(300);
    expect(telegram.callsOf('editMessageText')).toEqual([]);
  });

  it('without the right to send pictures the bot says what is missing', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    group.mayPhoto = false;
    const source = await telegram.send(user, { photo: await picture('no'), caption: '/cartoon' }, group);
    expect(await harness.textTo(group, source)).toContain(en.permissions.names.attachFiles);
  });

  it('where reactions are not allowed it does not try twice', async () => {
    const { telegram } = harness;
    const group = telegram.newGroup();
    group.mayReact = false;
    bot.engine.hold();
    await telegram.send(user, { photo: await picture('r1'), caption: '/cartoon' }, group);
    await until(() => telegram.callsOf('setMessageReaction')[0]?.outcome, 'the first try');
    await telegram.send(user, { photo: await picture('r2'), caption: '/cartoon' }, group);
    await harness.quiet(2000);
    bot.engine.release();
    await until(() => telegram.pictures(group).length === 2, 'both cartoons');
    const tries = telegram
      .callsOf('setMessageReaction')
      .filter((call) => call.outcome?.includes('REACTION_INVALID'));
    expect(tries).toHaveLength(1);
  });

  it('that became a supergroup is followed', async () => {
    const { telegram } = harness;
    const [old, next] = [telegram.newGroup(), telegram.newGroup()];
    bot.engine.hold();
    await telegram.send(user, { photo: await picture('moved'), caption: '/cartoon' }, old);
    await until(() => bot.engine.running === 1, 'the run');
    old.movedTo = next.chat.id;
    bot.engine.release();
    await until(() => telegram.pictures(next)[0], 'the cartoon in the new group');
  });
});

describe('in a forum', () => {
  it('answers stay in their topic, status and chat action too', async () => {
    const { telegram } = harness;
    const forum = telegram.newGroup({ forum: true });
    const topic = telegram.world.newTopic(forum);
    bot.engine.hold();
    const content = { photo: await picture('topic'), caption: '/cartoon' };
    const source = await telegram.send(user, content, forum, { thread: topic });
    await until(() => telegram.callsOf('sendMessage')[0], 'a status message');
    bot.engine.release();
    const answer = await harness.answerTo(forum, source);
    expect(answer.message_thread_id).toBe(topic);
    for (const method of ['sendChatAction', 'sendMessage'])
      expect(telegram.callsOf(method)[0]?.payload['message_thread_id']).toBe(topic);
  });

  it('General is answered without a thread', async () => {
    const { telegram } = harness;
    const forum = telegram.newGroup({ forum: true });
    const source = await telegram.send(user, { photo: await picture('general'), caption: '/cartoon' }, forum);
    await harness.answerTo(forum, source);
    expect(telegram.callsOf('sendMessage')[0]?.payload).not.toHaveProperty('message_thread_id');
  });

  it('a photo deleted meanwhile is answered in its topic without the reply', async () => {
    const { telegram } = harness;
    const forum = telegram.newGroup({ forum: true });
    const topic = telegram.world.newTopic(forum);
    bot.engine.hold();
    const content = { photo: await picture('gone'), caption: '/cartoon' };
    const source = await telegram.send(user, content, forum, { thread: topic });
    await until(() => bot.engine.running === 1, 'the run');
    telegram.delete(forum, source);
    bot.engine.release();
    const answer = await until(() => telegram.pictures(forum)[0], 'the cartoon');
    expect(answer.message_thread_id).toBe(topic);
    expect(answer.reply_to_message).toBeUndefined();
  });

  it('a topic that is gone ends the job silently', async () => {
    const { telegram } = harness;
    const forum = telegram.newGroup({ forum: true });
    const topic = telegram.world.newTopic(forum);
    bot.engine.hold();
    await telegram.send(user, { photo: await picture('x'), caption: '/cartoon' }, forum, { thread: topic });
    await until(() => bot.engine.running === 1, 'the run');
    forum.topics.delete(topic);
    bot.engine.release();
    await until(() => bot.queue.counts().delivering === 0 && bot.queue.counts().processing === 0, 'the end');
    expect(telegram.pictures(forum)).toEqual([]);
  });
});
