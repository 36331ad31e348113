/** The real adapter, conversation and queue between the loopback Telegram and a fast engine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message, User } from 'grammy/types';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { createConversation } from '../../../src/bots/conversation/conversation.ts';
import { FilePreferences } from '../../../src/bots/conversation/preferences/file-preferences.ts';
import {
  createTelegram,
  type TelegramAdapter,
  type TelegramConfig,
} from '../../../src/bots/telegram/index.ts';
import type { RateLimiterOptions } from '../../../src/bots/telegram/outgoing/rate-limiter.ts';
import type { CartoonEngine } from '../../../src/inference/types.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { cartoonProcessor } from '../../../src/queue/cartoon-processor.ts';
import { createMemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import type { Queue } from '../../../src/queue/types.ts';
import { createTexts } from '../../../src/texts/index.ts';
import { type LoopbackOptions, LoopbackTelegram, type Room } from '../../support/loopback-telegram/index.ts';
import { MemoryBlobStore, noJournal } from '../../support/memory-blobs.ts';
import { FakeEngine } from './engine.ts';

export interface BotOptions {
  readonly config?: Partial<TelegramConfig>;
  readonly rateLimits?: RateLimiterOptions;
  readonly onDeviceUrl?: string;
  readonly limitPerUser?: number;
  readonly concurrency?: number;
  /** Draws instead of the fast one. */
  readonly engine?: CartoonEngine;
  /** A folder of an earlier bot, for restarts. */
  readonly dataDir?: string;
}

export interface TestBot {
  readonly adapter: TelegramAdapter;
  readonly engine: FakeEngine;
  readonly queue: Queue;
  readonly dataDir: string;
  /** Every line that was logged, at level `trace`. */
  readonly log: string[];
  readonly fatal: Error[];
  stop(): Promise<void>;
}

/** Quick enough for tests; the limits themselves have tests of their own. */
const FAST: RateLimiterOptions = { messageMs: 0, perGroup: 1000, groupWindowMs: 1000 };

/** Status messages come sooner than in service, and also for photos that are nearly done. */
const PACE = { delayMs: 700, intervalMs: 700, soonMs: 0, perSecond: 50 };

export class Harness {
  readonly telegram: LoopbackTelegram;
  readonly #bots: TestBot[] = [];
  readonly #folders: string[] = [];

  private constructor(telegram: LoopbackTelegram) {
    this.telegram = telegram;
  }

  static async start(options: LoopbackOptions = {}): Promise<Harness> {
    return new Harness(await LoopbackTelegram.start(options));
  }

  /** A running bot. */
  async bot(options: BotOptions = {}): Promise<TestBot> {
    const bot = await this.prepare(options);
    await bot.adapter.start();
    return bot;
  }

  /** A bot that was not started. */
  async prepare(options: BotOptions = {}): Promise<TestBot> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'dctoon-telegram-')));
    this.#folders.push(dataDir);
    const log: string[] = [];
    const fatal: Error[] = [];
    // Without scrubbing, so that a token in the log is the adapter's fault and is seen.
    const raw = createLogger({ level: 'trace', readable: false, write: (line) => void log.push(line) });
    const engine = new FakeEngine();
    const queue = await createMemoryQueue({
      concurrency: options.concurrency ?? 2,
      limit: 500,
      limitPerUser: options.limitPerUser ?? 20,
      blobs: new MemoryBlobStore(),
      journal: noJournal,
      log: raw,
      expectedMs: 20,
      answerBackoffMs: () => 200,
    });
    queue.process(cartoonProcessor(options.engine ?? engine));
    const conversation = createConversation({
      queue,
      styles: engine.styles,
      defaultStyle: '3d',
      preferences: await FilePreferences.open({ file: join(dataDir, 'preferences.json'), log: raw }),
      log: raw,
      pace: PACE,
    });
    const adapter = createTelegram({
      config: {
        TELEGRAM_TOKEN: this.telegram.token,
        TELEGRAM_API_ROOT: this.telegram.root,
        TELEGRAM_WEBHOOK_URL: undefined,
        TELEGRAM_WEBHOOK_SECRET: undefined,
        TELEGRAM_ADMIN_IDS: [],
        DATA_DIR: dataDir,
        KEEP_MINUTES: 15,
        ...options.config,
      },
      conversation,
      onDeviceUrl: options.onDeviceUrl,
      texts: createTexts,
      logger: raw,
      stats: () => ({ ...queue.counts(), answered: 7, failed: 1 }),
      modelsVersion: 'test',
      onFatal: (error) => void fatal.push(error),
      rateLimits: options.rateLimits ?? FAST,
    });
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        engine.release();
        await adapter.stop();
        await queue.close();
        await conversation.close();
        await adapter.close();
      })();
      return stopped;
    };
    const bot: TestBot = { adapter, engine, queue, dataDir, log, fatal, stop };
    this.#bots.push(bot);
    return bot;
  }

  /** What all its bots have logged. */
  get log(): readonly string[] {
    return this.#bots.flatMap(({ log }) => log);
  }

  async close(): Promise<void> {
    await Promise.all(this.#bots.map((bot) => bot.stop()));
    await this.telegram.close();
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }

  /** The picture with which the bot answered a message. */
  answerTo(room: Room, source: Message): Promise<Message> {
    return until(() => this.telegram.pictures(room, source)[0], 'an answer');
  }

  /** The newest text of the bot that replies to a message. */
  textTo(room: Room, source: Message): Promise<string> {
    return until(
      () =>
        this.telegram
          .botMessages(room)
          .filter((message) => message.reply_to_message?.message_id === source.message_id)
          // What stands for a picture that is being uploaded says nothing.
          .filter((message) => message.text !== '🎨')
          .at(-1)?.text,
      'a text',
    );
  }

  /** Time for something that must not happen. */
  async quiet(ms = 600): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

export interface BotTest {
  readonly harness: Harness;
  readonly bot: TestBot;
  /** Somebody, and the private chat with them. */
  readonly user: User;
  readonly room: Room;
}

/**
 * A Telegram of its own for every test of the file or group. Afterwards whatever was sent there must have been valid, and the
 * token in no line of a bot's log, not even where the logger does not scrub.
 * @param started is given it before each test
 */
export function useHarness(started: (harness: Harness) => void): void {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.start();
    started(harness);
  });
  afterEach(async () => {
    await harness.close();
    expect(harness.telegram.violations).toEqual([]);
    expect(harness.log.filter((line) => line.includes(harness.telegram.token))).toEqual([]);
  });
}

/** `useHarness` with a started bot and somebody who talks to it. @param started is given them before each test */
export function useBot(started: (test: BotTest) => void): void {
  let harness: Harness;
  useHarness((own) => {
    harness = own;
  });
  beforeEach(async () => {
    const bot = await harness.bot();
    const user = harness.telegram.newUser();
    started({ harness, bot, user, room: harness.telegram.dm(user) });
  });
}

/** Polls until there is a value; generous, since the machine may be busy. */
export async function until<T>(get: () => T | undefined | false, what: string, timeout = 15_000): Promise<T> {
  return vi.waitFor(
    () => {
      const value = get();
      if (value === undefined || value === false) throw new Error(`there was not ${what}`);
      return value;
    },
    { timeout, interval: 20 },
  );
}
