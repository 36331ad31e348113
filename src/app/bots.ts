/** The platforms that are configured. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BotAdapter, Conversation } from '../bots/conversation/types.ts';
import type { Stats } from '../bots/telegram/index.ts';
import { onDeviceUrl } from '../config/public-url.ts';
import type { Config } from '../config/schema.ts';
import type { Thumbnails } from '../inference/models/thumbnails.ts';
import type { Logger } from '../observability/logger.ts';
import { createTexts } from '../texts/index.ts';
import type { ExtraRoute } from '../web/index.ts';

export interface BotsOptions {
  readonly config: Config;
  readonly conversation: Conversation;
  readonly thumbnails: Thumbnails;
  readonly logger: Logger;
  /** Figures for Telegram's `/stats`. */
  readonly stats: () => Stats;
  readonly onFatal: (error: Error) => void;
}

export interface Bots {
  readonly adapters: readonly BotAdapter[];
  /** What the platforms call over HTTP. */
  readonly routes: readonly ExtraRoute[];
}

/** Loads the libraries of the configured platforms only: discord.js and its parts take 0.4 s. */
export async function createBots(options: BotsOptions): Promise<Bots> {
  const { config, conversation, thumbnails, logger, stats, onFatal } = options;
  const onDevice = { onDeviceUrl: onDeviceUrl(config) };
  const part = (name: string) => logger.child({ part: name });
  const { TELEGRAM_TOKEN, DISCORD_TOKEN, DISCORD_PUBLIC_KEY } = config;
  const adapters: BotAdapter[] = [];
  const routes: ExtraRoute[] = [];
  if (TELEGRAM_TOKEN) {
    const { createTelegram } = await import('../bots/telegram/index.ts');
    const telegram = createTelegram({
      config: { ...config, TELEGRAM_TOKEN },
      ...onDevice,
      conversation,
      texts: createTexts,
      logger: part('telegram'),
      stats,
      modelsVersion: await modelsVersion(config.MODELS_DIR),
      onFatal,
    });
    adapters.push(telegram);
    if (telegram.webhook) routes.push({ method: 'POST', ...telegram.webhook });
  } else {
    logger.info('Telegram is off: TELEGRAM_TOKEN is not set (docs/telegram.md says how to get one)');
  }
  if (DISCORD_TOKEN || DISCORD_PUBLIC_KEY) {
    const { createDiscord } = await import('../bots/discord/index.ts');
    const discord = createDiscord({
      config,
      ...onDevice,
      conversation,
      logger: part('discord'),
      thumbnail: thumbnails.size > 0 ? async (style) => thumbnails.get(style)?.bytes : undefined,
    });
    adapters.push(discord);
    const handle = discord.endpoint;
    if (handle) routes.push({ method: 'POST', path: '/discord/interactions', handle });
  } else {
    logger.info('Discord is off: DISCORD_TOKEN is not set (docs/discord.md says how to get one)');
  }
  return { adapters, routes };
}

/** Changes when any network does: the manifest names the SHA-256 of every file. */
async function modelsVersion(modelsDir: string): Promise<string> {
  const manifest = await readFile(join(modelsDir, 'manifest.json'));
  return createHash('sha256').update(manifest).digest('hex').slice(0, 16);
}
