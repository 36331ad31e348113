/** The adapter as it runs: discord.js against the loopback, the real conversation and queue, and a fast engine. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { expect } from 'vitest';
import { createConversation } from '../../../src/bots/conversation/conversation.ts';
import { FilePreferences } from '../../../src/bots/conversation/preferences/file-preferences.ts';
import type { Messenger } from '../../../src/bots/conversation/types.ts';
import { createDiscord, type DiscordOptions } from '../../../src/bots/discord/index.ts';
import type { DiscordReply } from '../../../src/bots/discord/types.ts';
import type { Cartoon, CartoonEngine, CartoonizeOptions, Style } from '../../../src/inference/types.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { cartoonProcessor } from '../../../src/queue/cartoon-processor.ts';
import { createMemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import type { Job } from '../../../src/queue/types.ts';
import { DctoonError } from '../../../src/shared/errors.ts';
import {
  type LoopbackDiscord,
  type Place,
  type Seen,
  startLoopbackDiscord,
  type Upload,
} from '../../support/loopback-discord/index.ts';
import { MemoryBlobStore, noJournal } from '../../support/memory-blobs.ts';

export const STYLES: readonly Style[] = ['3d', 'anime', 'sketch'].map((id) => ({
  id,
  title: id.toUpperCase(),
  titles: { de: `${id} auf Deutsch` },
  description: `the ${id} look`,
  descriptions: { de: `aussehen wie ${id}` },
}));

/** Draws by turning colours around; reads real pictures and refuses what is none. */
class FakeEngine implements CartoonEngine {
  readonly styles = STYLES;
  /** Milliseconds per photo. */
  delayMs = 0;
  faces = 1;
  readonly drawn: CartoonizeOptions[] = [];
  /** Instead of drawing. */
  instead: ((photo: Uint8Array, options: CartoonizeOptions) => Promise<Uint8Array>) | undefined;
  #gate: Promise<void> = Promise.resolve();
  #open = () => {};

  /** Photos wait until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  async cartoonize(photo: Uint8Array, options: CartoonizeOptions): Promise<Cartoon> {
    this.drawn.push(options);
    const aborted = new Promise<never>((_, reject) => {
      options.signal?.addEventListener('abort', () => reject(new DctoonError('cancelled')));
    });
    aborted.catch(() => {});
    await Promise.race([this.#gate, aborted]);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const image = await (this.instead ?? draw)(photo, options);
    const { width, height } = await sharp(image).metadata();
    return {
      image,
      format: options.format ?? 'jpeg',
      width,
      height,
      faces: this.faces,
      timings: { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: 0 },
    };
  }

  async close(): Promise<void> {}
}

async function draw(photo: Uint8Array, { format }: CartoonizeOptions): Promise<Uint8Array> {
  let picture: Sharp;
  try {
    picture = sharp(photo, { failOn: 'error' });
    await picture.metadata();
  } catch {
    throw new DctoonError('unsupported_format');
  }
  const negative = picture.flatten().negate({ alpha: false });
  try {
    return await (format === 'png' ? negative.png() : negative.jpeg()).toBuffer();
  } catch {
    throw new DctoonError('broken_image');
  }
}

export async function photo(width = 64, height = 48, background = '#d08060'): Promise<Uint8Array> {
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

export async function upload(more: Partial<Upload> = {}): Promise<Upload> {
  return { name: 'photo.jpg', bytes: await photo(), ...more };
}

export interface HarnessOptions {
  readonly concurrency?: number;
  readonly limit?: number;
  readonly limitPerUser?: number;
  readonly expectedMs?: number;
  readonly quotas?: { readonly user: number; readonly guild: number };
  readonly keepMinutes?: number;
  readonly httpOnly?: boolean;
  readonly styles?: readonly Style[];
  /** Draws instead of the fast one. */
  readonly engine?: CartoonEngine;
  /** Statuses from the first moment, for tests that look at them. */
  readonly eagerStatus?: boolean;
  readonly extra?: Partial<DiscordOptions> & { readonly guildId?: string };
}

/** Everywhere this process connects to, by host name or address. */
function watchConnections() {
  const hosts = new Set<string>();
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.once('lookup', (_error, address, _family, host) => hosts.add(host ?? address));
    socket.once('connect', () => {
      // A process lock is asked over a socket of the file system, which has no address.
      if (socket.remoteAddress !== undefined) hosts.add(socket.remoteAddress);
    });
  };
  subscribe('net.client.socket', onSocket);
  return { hosts, end: () => unsubscribe('net.client.socket', onSocket) };
}

/** One process of the service. Several can follow one another on the same folder and the same Discord. */
export async function startBot(discord: LoopbackDiscord, dataDir: string, options: HarnessOptions = {}) {
  const engine = new FakeEngine();
  const lines: string[] = [];
  const logger = createLogger({ level: 'trace', readable: false, write: (line) => lines.push(line) });
  const queue = await createMemoryQueue({
    concurrency: options.concurrency ?? 2,
    limit: options.limit ?? 500,
    limitPerUser: options.limitPerUser ?? 20,
    blobs: new MemoryBlobStore(),
    journal: noJournal,
    log: logger,
    expectedMs: options.expectedMs ?? 50,
    answerBackoffMs: () => 50,
  });
  const preferences = await FilePreferences.open({ file: join(dataDir, 'preferences.json'), log: logger });
  const conversation = createConversation({
    queue,
    styles: options.styles ?? STYLES,
    defaultStyle: '3d',
    preferences,
    log: logger,
    ...(options.eagerStatus ? { pace: { delayMs: 0, intervalMs: 100, soonMs: 0, perSecond: 100 } } : {}),
  });
  const jobs: Job[] = [];
  queue.on('queued', ({ job }) => jobs.push(job));
  const { guildId, ...extra } = options.extra ?? {};
  const adapter = createDiscord({
    config: {
      DISCORD_TOKEN: options.httpOnly ? undefined : discord.world.token,
      DISCORD_API_ROOT: discord.apiRoot,
      DISCORD_GUILD_ID: guildId,
      DISCORD_PUBLIC_KEY: options.httpOnly ? discord.people.publicKey : undefined,
      DATA_DIR: dataDir,
      DATA_LIMIT_MB: 1024,
      KEEP_MINUTES: options.keepMinutes ?? 15,
    },
    conversation,
    logger,
    ...(options.quotas ? { quotas: options.quotas } : {}),
    ...extra,
  });
  if (adapter.endpoint) discord.people.useEndpoint(adapter.endpoint);
  await adapter.start();
  queue.process(cartoonProcessor(options.engine ?? engine));
  return {
    adapter,
    engine,
    queue,
    conversation,
    jobs,
    lines,
    stop: async () => {
      await adapter.stop();
      await queue.close();
      await conversation.close();
      await adapter.close();
    },
  };
}

export type Bot = Awaited<ReturnType<typeof startBot>>;

export async function startStage(options: HarnessOptions = {}) {
  const connections = watchConnections();
  const discord = await startLoopbackDiscord();
  const dataDir = await mkdtemp(join(tmpdir(), 'dctoon-discord-'));
  const guild = discord.world.guild();
  const bot = await startBot(discord, dataDir, options);
  return {
    discord,
    world: discord.world,
    people: discord.people,
    gateway: discord.gateway,
    dataDir,
    guild,
    here: { channel: guild.channel } as const,
    bot,
    engine: bot.engine,
    /** Ends everything; Discord must have found nothing to complain about, and no secret may be in a log. */
    end: async (last: Bot = bot) => {
      await last.stop();
      await discord.close();
      await rm(dataDir, { recursive: true, force: true });
      connections.end();
      expect(discord.world.violations).toEqual([]);
      expect([...connections.hosts]).toEqual(['127.0.0.1']);
      expect(secretsIn(discord, [...bot.lines, ...last.lines])).toEqual([]);
    },
  };
}

export type Stage = Awaited<ReturnType<typeof startStage>>;

/** What the suites about deliveries do again and again. */
export function actionsOf(stage: Stage) {
  const { world, people, bot, engine } = stage;
  return {
    slash: async (options: { private?: boolean } = {}, place: Place = stage.here) => {
      const user = world.person('someone');
      const image = await upload({ bytes: await photo(400, 300) });
      return { user, seen: await people.slash(user, place, 'cartoonize', { image, ...options }) };
    },
    /** Holds the engine while `meanwhile` happens, then lets the photo be drawn. */
    during: async (seen: Seen, meanwhile: () => unknown) => {
      await seen.acknowledged();
      await world.until(() => bot.queue.counts().processing > 0, 'a running job');
      await meanwhile();
      engine.release();
    },
    idle: () =>
      world.until(() => Object.values(bot.queue.counts()).every((count) => count === 0), 'an empty queue'),
    /** Ordinary messages, no interaction's replies. */
    messagesIn: (channelId: string) =>
      [...world.messages.values()].filter((one) => one.channel_id === channelId && !one.interaction_metadata),
  };
}

/**
 * A later message goes the whole way to its cartoon: whatever was to come of earlier events has begun by then.
 * @returns the id of its job
 */
export async function laterPhoto(stage: Stage, bot: Bot = stage.bot): Promise<string> {
  const { world, people } = stage;
  const user = world.person('later');
  const { id } = people.write(user, world.dm(user), { photos: [await upload()] });
  const isAnswered = () =>
    [...world.messages.values()].some(
      (one) => one.message_reference?.message_id === id && one.attachments.length === 1,
    );
  await world.until(isAnswered, 'the answer to a later photo');
  await world.until(() => Object.values(bot.queue.counts()).every((count) => count === 0), 'an empty queue');
  return `dc-${id}-0`;
}

function secretsIn(discord: LoopbackDiscord, lines: readonly string[]): string[] {
  const secrets = [discord.world.token, ...discord.world.interactions.keys()];
  return lines.filter((line) => secrets.some((secret) => line.includes(secret)));
}

/** Size of a stored file on the loopback's CDN. */
export async function pictureAt(url: string) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the CDN answered ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { width, height, format } = await sharp(bytes).metadata();
  const { dominant } = await sharp(bytes).stats();
  return { bytes, width, height, format, dominant };
}

/** Waits until it is on disk that the queue has every photo of a reply. */
export async function untilNoted(stage: Stage, seen: Seen): Promise<void> {
  const file = join(stage.dataDir, 'discord', 'replies', `dc-${seen.interaction.id}.json`);
  const isNoted = async () => {
    const text = await readFile(file, 'utf8').catch(() => '{"parts":[{}]}');
    return (JSON.parse(text) as { parts: { state?: string }[] }).parts.every(({ state }) => state === 'open');
  };
  while (!(await isNoted())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export async function aCartoon(): Promise<Cartoon> {
  const timings = { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: 0 };
  return { image: await photo(20, 20), format: 'jpeg', width: 20, height: 20, faces: 1, timings };
}

/** An adapter on the same folder and Discord, whose conversation does nothing but remember the way back. */
export async function nextProcess(stage: Stage, now: () => number = Date.now) {
  let messenger: Messenger<DiscordReply> | undefined;
  const adapter = createDiscord({
    config: {
      DISCORD_TOKEN: undefined,
      DISCORD_API_ROOT: stage.discord.apiRoot,
      DISCORD_GUILD_ID: undefined,
      DISCORD_PUBLIC_KEY: stage.people.publicKey,
      DATA_DIR: stage.dataDir,
      DATA_LIMIT_MB: 1024,
      KEEP_MINUTES: 15,
    },
    conversation: {
      styles: STYLES,
      defaultStyle: '3d',
      attach: (way) => {
        messenger = way as unknown as Messenger<DiscordReply>;
      },
      known: async () => undefined,
      updateReplyTarget: async () => {},
      accept: () => Promise.reject(new DctoonError('shutting_down')),
      cancel: async () => false,
      styleOf: () => '3d',
      setStyle: async () => {},
      strengthOf: () => 100,
      setStrength: async () => {},
      forget: async () => ({ style: false, strength: false, hints: 0, photos: 0 }),
      firstTime: async () => false,
    },
    logger: createLogger({ level: 'silent' }),
    now,
  });
  await adapter.start();
  if (!messenger) throw new Error('no way back was attached');
  return { messenger, close: () => adapter.close() };
}
