/** The Discord adapter: wires its parts together, starts and stops them. */
import { join } from 'node:path';
import { type APIInteraction, InteractionType } from 'discord.js';
import type { Config } from '../../config/schema.ts';
import type { Logger } from '../../observability/logger.ts';
import { createTexts, localeOf } from '../../texts/index.ts';
import type { BotAdapter, Conversation } from '../conversation/types.ts';
import { DiscordApi } from './api.ts';
import { commandDefinitions } from './commands.ts';
import { errorKind, loggable } from './errors.ts';
import { AckPriority } from './incoming/ack-priority.ts';
import { type Acknowledge, ephemeral } from './incoming/acknowledge.ts';
import { Callbacks } from './incoming/callbacks.ts';
import { createEndpoint } from './incoming/endpoint.ts';
import { Gateway } from './incoming/gateway.ts';
import { Interactions } from './incoming/interactions.ts';
import { Messages } from './incoming/messages.ts';
import { Quota } from './incoming/quota.ts';
import { RecentLocales } from './incoming/recent-locales.ts';
import { StyleSheet } from './incoming/style-sheet.ts';
import { PhotoSubmitter } from './incoming/submit-photo.ts';
import { FileDownloader } from './originals/file-download.ts';
import { OriginalStore } from './originals/original-store.ts';
import { registerCommands } from './register.ts';
import { DiscordMessenger } from './reply/messenger.ts';
import { ReplyStore } from './reply/reply-store.ts';

export interface DiscordOptions {
  readonly config: Pick<
    Config,
    | 'DISCORD_TOKEN'
    | 'DISCORD_API_ROOT'
    | 'DISCORD_GUILD_ID'
    | 'DISCORD_PUBLIC_KEY'
    | 'DATA_DIR'
    | 'DATA_LIMIT_MB'
    | 'KEEP_MINUTES'
  >;
  readonly conversation: Conversation;
  readonly logger: Logger;
  /** Encoded thumbnail of a style, for `/styles`; without it the styles are listed as text. */
  readonly thumbnail?: ((styleId: string) => Promise<Uint8Array | undefined>) | undefined;
  /** Pictures per person and per server in ten minutes. Default 40 and 200. */
  readonly quotas?: { readonly user: number; readonly guild: number };
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface DiscordAdapter extends BotAdapter {
  /** For `POST /discord/interactions`; only with `DISCORD_PUBLIC_KEY`. */
  readonly endpoint: ((request: Request) => Promise<Response>) | undefined;
}

const QUOTA_WINDOW_MS = 10 * 60_000;
const SWEEP_MS = 60_000;
const SOURCES_SWEEP_MS = 10_000;
const MAX_SOURCES_BYTES = 256e6;
/** Longest time `stop` waits for photos that are being fetched. */
const STOP_MS = 10_000;

/**
 * With `DISCORD_TOKEN`: gateway, command registration, direct messages and mentions. With `DISCORD_PUBLIC_KEY`: the
 * HTTP endpoint for interactions. Either works alone; a replica with only the key answers through interaction tokens.
 */
export function createDiscord(options: DiscordOptions): DiscordAdapter {
  const { config, conversation, logger, now = Date.now, quotas = { user: 40, guild: 200 } } = options;
  const { DISCORD_TOKEN: token, DISCORD_API_ROOT: apiRoot, DISCORD_PUBLIC_KEY: publicKey } = config;
  const folder = join(config.DATA_DIR, 'discord');
  const api = new DiscordApi({ apiRoot, token });
  const media = new FileDownloader({ api, cdnRoot: cdnRootOf(apiRoot), now });
  const sources = new OriginalStore({
    folder: join(folder, 'originals'),
    // Gone when the promised time is over, not a round of the sweeper later.
    keepMs: Math.max(0, config.KEEP_MINUTES * 60_000 - SOURCES_SWEEP_MS),
    maxBytes: Math.min(MAX_SOURCES_BYTES, (config.DATA_LIMIT_MB * 1e6) / 4),
    now,
  });
  const groups = new ReplyStore(join(folder, 'replies'), now);
  const userQuota = new Quota({ limit: quotas.user, windowMs: QUOTA_WINDOW_MS, now });
  const guildQuota = new Quota({ limit: quotas.guild, windowMs: QUOTA_WINDOW_MS, now });
  const refund = (whose: { readonly userId: string; readonly guildId?: string | undefined }) => {
    userQuota.refund(whose.userId);
    if (whose.guildId) guildQuota.refund(whose.guildId);
  };
  const replies = new DiscordMessenger({ api, conversation, groups, sources, logger, now, refund });
  const rush = new AckPriority();
  const intake = new PhotoSubmitter({
    folder: join(folder, 'inbox'),
    api,
    conversation,
    media,
    replies,
    sources,
    userQuota,
    guildQuota,
    rush,
    logger,
    now,
  });
  const locales = new RecentLocales();
  const interactions = new Interactions({
    conversation,
    intake,
    media,
    components: new Callbacks({ api, conversation, intake, replies, media, sources, refund, now }),
    styleSheet: new StyleSheet({ api, styles: conversation.styles, thumbnail: options.thumbnail, now }),
    keepMinutes: config.KEEP_MINUTES,
    now,
    rememberLocale: (userId, locale) => locales.set(userId, locale),
  });
  const messages = new Messages({ api, intake, media, logger, localeOf: (userId) => locales.of(userId) });
  let isStopping = false;

  async function onInteraction(interaction: APIInteraction, acknowledge: Acknowledge): Promise<void> {
    try {
      if (isStopping && interaction.type !== InteractionType.Ping) {
        const texts = createTexts(localeOf(interaction.locale));
        return await acknowledge(ephemeral(texts.error('shutting_down')));
      }
      await interactions.handle(interaction, acknowledge);
    } catch (error) {
      const trouble = errorKind(error);
      // Too late, or acknowledged by another process: there is nobody to answer, and nothing was started.
      const level = trouble === 'too_late' || trouble === 'acknowledged' ? 'warn' : 'error';
      logger[level]({ ...loggable(error), trouble }, 'discord interaction not handled');
    }
  }

  const gateway = token
    ? new Gateway({
        token,
        apiRoot,
        logger,
        onInteraction: (interaction) =>
          void onInteraction(interaction, (response) => rush.track(api.acknowledge(interaction, response))),
        onMessage: (message, botId) =>
          void messages.handle(message, botId).catch((error: unknown) => {
            logger.error(loggable(error), 'discord message not handled');
          }),
        onFirstShard: async (applicationId) => {
          const commands = commandDefinitions(conversation.styles);
          await registerCommands({ api, applicationId, guildId: config.DISCORD_GUILD_ID, commands, logger });
        },
      })
    : undefined;
  const notSwept = (error: unknown) => logger.warn({ err: error }, 'discord folders not swept');
  const sweeper = setInterval(() => {
    userQuota.sweep();
    guildQuota.sweep();
    replies.sweep();
    groups.sweep().catch(notSwept);
  }, SWEEP_MS).unref();
  const sourcesSweeper = setInterval(() => void sources.sweep().catch(notSwept), SOURCES_SWEEP_MS).unref();

  return {
    platform: 'discord',
    endpoint: publicKey ? createEndpoint({ publicKey, handle: onInteraction, logger }) : undefined,
    start: async () => {
      // The replies of orders that are still here must be known before a job of theirs is answered.
      await intake.load();
      conversation.attach(replies);
      await gateway?.start();
      void intake.resume().catch((error: unknown) => {
        logger.error(loggable(error), 'discord orders of the last process not taken up');
      });
    },
    stop: async () => {
      isStopping = true;
      await gateway?.stop();
      await intake.settle(STOP_MS);
    },
    close: async () => {
      clearInterval(sweeper);
      clearInterval(sourcesSweeper);
      await intake.close();
      api.close();
    },
    // The HTTP endpoint has no connection that could be missing.
    trouble: () => gateway?.trouble(),
  };
}

/** A loopback Discord (tests, development) serves its files itself; behind a REST proxy they are Discord's own. */
function cdnRootOf(apiRoot: string): string | undefined {
  const { hostname, origin } = new URL(apiRoot);
  return hostname === '127.0.0.1' ? origin : undefined;
}
