/** What becomes of updates when a process ends, in whatever way. (Real kills: test/app/crash.test.ts.) */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, Update } from 'grammy/types';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Receipt,
  UpdateReceiver,
  type UpdateReceiverParts,
} from '../../../../src/bots/telegram/incoming/updates.ts';
import { createLogger } from '../../../../src/observability/logger.ts';
import { Inbox } from '../../../../src/storage/inbox.ts';
import { createTexts } from '../../../../src/texts/index.ts';
import { picture } from '../engine.ts';
import { type Harness, until, useHarness } from '../harness.ts';

const silent = createLogger({ level: 'silent' });
const en = createTexts('en');
const update = (id: number, chat = 1) => ({ update_id: id, message: { chat: { id: chat } } }) as Update;

describe('Intake', () => {
  let folder: string;
  let receiver: UpdateReceiver;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-inbox-'));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await receiver.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A process over the same folder; the one before is closed as it stands, which is what a kill leaves. */
  async function process(
    handle: UpdateReceiverParts['handle'],
    options: Partial<UpdateReceiverParts> = {},
  ): Promise<UpdateReceiver> {
    await receiver?.close();
    receiver = new UpdateReceiver({ folder, handle, logger: silent, ...options });
    await receiver.load();
    return receiver;
  }
  const unfinished = new Promise<void>(() => {});

  it('gives what was begun to the next process', async () => {
    const first = await process(async ({ update_id }, { later }) => {
      if (update_id === 2) later(unfinished);
      if (update_id === 3) await unfinished;
    });
    for (const id of [1, 2, 3]) await first.receive(update(id, id));
    await sleep(20);
    const seen: number[] = [];
    const second = await process(async ({ update_id }) => {
      seen.push(update_id);
    });
    await second.resume();
    await second.receive(update(4));
    for (const id of [1, 2, 3, 4]) await second.receive(update(id));
    await second.settle(1000);
    expect(seen.sort()).toEqual([2, 3, 4]);
  });

  it('an error of ours does not bring an update back', async () => {
    const first = await process(() => Promise.reject(new Error('a mistake')));
    await first.receive(update(1));
    await first.settle(1000);
    const handle = vi.fn(async () => {});
    await (await process(handle)).resume();
    expect(handle).not.toHaveBeenCalled();
  });

  it('remembers the message that was begun as an answer', async () => {
    const first = await process(async (_update, { noteAnswer }) => {
      await noteAnswer('request', { chat: 5, message: 6 });
      await unfinished;
    });
    await first.receive(update(1));
    await sleep(20);
    const receipts: Receipt[] = [];
    await (await process(async (_update, receipt) => void receipts.push(receipt))).resume();
    await vi.waitFor(() => expect(receipts).toHaveLength(1));
    expect(receipts[0]?.answerOf('request')).toEqual({ chat: 5, message: 6 });
    expect(receipts[0]?.answerOf('another')).toBeUndefined();
  });

  it('keeps what was postponed, for as many restarts as it takes', async () => {
    let handled = 0;
    const handle = async (_update: Update, { postpone }: Receipt) => {
      handled++;
      postpone();
    };
    await (await process(handle)).receive(update(1));
    for (let restart = 0; restart < 15; restart++) {
      await sleep(5);
      await (await process(handle)).resume();
    }
    await vi.waitFor(() => expect(handled).toBe(16));
  });

  it('gives up an update that the tenth process died over', async () => {
    let handled = 0;
    const handle = () => {
      handled++;
      return unfinished;
    };
    await (await process(handle)).receive(update(1));
    for (let restart = 0; restart < 15; restart++) await (await process(handle)).resume();
    expect(handled).toBe(10);
  });

  it('keeps an update that later ones need, for a while', async () => {
    const first = await process(async ({ update_id }, { keepFor }) => keepFor(update_id === 1 ? 60_000 : 10));
    await first.receive(update(1));
    await first.receive(update(2));
    await sleep(50);
    const seen: number[] = [];
    await (await process(async ({ update_id }) => void seen.push(update_id))).resume();
    await vi.waitFor(() => expect(seen).toEqual([1]));
  });

  it('while the disk is full the poller waits, and nothing is confirmed that is not written', async () => {
    const handled: number[] = [];
    const first = await process(async ({ update_id }) => void handled.push(update_id));
    const put = vi.spyOn(Inbox.prototype, 'put').mockRejectedValue(new Error('no space left on device'));
    await expect(first.receive(update(7))).rejects.toThrow('no space');
    expect(await first.confirmable(8)).toBe(8);
    first.poll(update(7));
    let confirmed: number | undefined;
    const asked = first.confirmable(8).then((offset) => {
      confirmed = offset;
    });
    await sleep(50);
    expect(confirmed).toBeUndefined();
    put.mockRestore();
    await asked;
    expect([confirmed, handled]).toEqual([8, [7]]);
    // And a stop ends the waiting, still without a confirmation.
    vi.spyOn(Inbox.prototype, 'put').mockRejectedValue(new Error('no space left on device'));
    first.poll(update(9));
    first.stop();
    expect(await first.confirmable(10)).toBe(9);
  });

  it('makes whoever delivers wait, or come again, when too much is open', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = await process(() => gate, { limit: 2 });
    await first.receive(update(1, 1));
    await first.receive(update(2, 2));
    expect(first.isFull).toBe(true);
    let taken = false;
    const third = first.receive(update(3, 3)).then(() => {
      taken = true;
    });
    await sleep(30);
    expect(taken).toBe(false);
    release();
    await third;
  });
});

describe('a photo whose process died', () => {
  let harness: Harness;
  useHarness((own) => {
    harness = own;
  });

  /** A bot that finds this in its inbox. */
  async function botWith(entry: { update: unknown; answers?: Record<string, unknown> }) {
    const bot = await harness.prepare();
    const receiver = new UpdateReceiver({
      folder: join(bot.dataDir, 'telegram', 'inbox'),
      handle: async () => {},
      logger: silent,
    });
    await receiver.load();
    await receiver.close();
    const item = { deaths: 0, answers: {}, ...entry };
    await appendFile(
      join(bot.dataDir, 'telegram', 'inbox', '0.jsonl'),
      `${JSON.stringify(['+', '1', item])}\n`,
    );
    await bot.adapter.start();
    return bot;
  }
  const photoUpdate = (message: Message) => ({ update_id: 1, message });

  it('is answered, once', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const source = await telegram.send(user, { photo: await picture('lost') });
    await botWith({ update: photoUpdate(source) });
    await harness.answerTo(telegram.dm(user), source);
    await harness.quiet();
    expect(telegram.botMessages(telegram.dm(user))).toHaveLength(1);
  });

  it('gets its answer in the message that was begun for it', async () => {
    const { telegram } = harness;
    const user = telegram.newUser();
    const room = telegram.dm(user);
    const source = await telegram.send(user, { photo: await picture('begun') });
    const begun = telegram.world.post(room, { from: telegram.world.bot, text: '🎨' }, source);
    telegram.updates.add({ poll: {} } as never);
    const order = `tg-${room.chat.id}-${source.message_id}`;
    const bot = await botWith({
      update: photoUpdate(source),
      answers: { [order]: { chat: room.chat.id, message: begun.message_id } },
    });
    await harness.answerTo(room, source);
    await harness.quiet();
    expect(telegram.botMessages(room).map((message) => message.message_id)).toEqual([begun.message_id]);
    // The same for one that the cache answers, complete with the answer that is there already.
    await bot.stop();
    const calls = telegram.callsOf('sendMessage').length;
    await botWith({
      update: photoUpdate(source),
      answers: { [order]: { chat: room.chat.id, message: begun.message_id } },
    });
    await harness.quiet(1500);
    expect(telegram.botMessages(room)).toHaveLength(1);
    expect(telegram.callsOf('sendMessage')).toHaveLength(calls);
  });
});

describe('an answer', () => {
  let harness: Harness;
  useHarness((own) => {
    harness = own;
  });

  it('is one picture, also when the server’s answers are lost', async () => {
    const { telegram } = harness;
    await harness.bot();
    const user = telegram.newUser();
    const room = telegram.dm(user);
    telegram.fault({ method: 'editMessageMedia', drop: 'after', times: 2 });
    const first = await telegram.send(user, { photo: await picture('one') });
    await harness.answerTo(room, first);
    await harness.quiet(1500);
    expect(telegram.botMessages(room)).toHaveLength(1);
    telegram.fault({ method: 'sendMessage', drop: 'after' });
    const second = await telegram.send(user, { photo: await picture('two') });
    await harness.answerTo(room, second);
    await harness.quiet();
    // What can be doubled is what stands for the picture.
    expect(telegram.pictures(room, second)).toHaveLength(1);
    expect(telegram.botMessages(room).filter((message) => message.text)).toMatchObject([{ text: '🎨' }]);
  });

  it('is a new message where the server cannot turn a text into a picture', async () => {
    const { telegram } = harness;
    await harness.bot();
    const user = telegram.newUser();
    const room = telegram.dm(user);
    const error = { code: 400, description: 'Bad Request: there is no media in the message to edit' };
    telegram.fault({ method: 'editMessageMedia', error });
    const first = await telegram.send(user, { photo: await picture('old') });
    await harness.answerTo(room, first);
    await until(() => telegram.botMessages(room).length === 1, 'a clean chat');
    const second = await telegram.send(user, { photo: await picture('old too') });
    await harness.answerTo(room, second);
    expect(telegram.callsOf('editMessageMedia')).toHaveLength(1);
    expect(telegram.callsOf('sendPhoto')).toHaveLength(2);
  });

  it('that is a refusal is given once, also when it was given before the crash', async () => {
    const { telegram } = harness;
    const bot = await harness.bot();
    const user = telegram.newUser();
    const document = { bytes: await picture('large'), name: 'a.png', announced: 30e6 };
    const source = await telegram.send(user, { document });
    expect(await harness.textTo(telegram.dm(user), source)).toBe(en.error('too_large'));
    await bot.stop();
    telegram.updates.repeat({ update_id: 700_000_000, message: source } as Update);
    await harness.bot({ dataDir: bot.dataDir });
    await harness.quiet();
    expect(telegram.botMessages(telegram.dm(user))).toHaveLength(1);
  });
});
