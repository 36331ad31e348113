/** The Discord adapter: wires its parts together, starts and stops them. */
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Logger } from '../../observability/logger.ts';
import type { BotAdapter, Conversation } from '../conversation/types.ts';
import { DiscordApi } from './api.ts';
import { commandDefinitions } from './command-definitions.ts';
import { loggable } from './errors.ts';
import { AckPriority } from './incoming/ack-priority.ts';
import { AlbumReceiver } from './incoming/album-receiver.ts';
import { Callbacks } from './incoming/callbacks.ts';
import { Commands } from './incoming/commands.ts';
import { createEndpoint } from './incoming/endpoint.ts';
import { Gateway } from './incoming/gateway.ts';
import { Interactions } from './incoming/interactions.ts';
import { Messages } from './incoming/messages.ts';
import { Quota, Quotas } from './incoming/quota.ts';
import { RecentLocales } from './incoming/recent-locales.ts';
import { ServerExpressions } from './incoming/server-expressions.ts';
import { StyleSheet } from './incoming/style-sheet.ts';
import { PhotoSubmitter } from './incoming/submit-photo.ts';
import { UserData } from './incoming/user-data.ts';
import { FileDownloader } from './originals/file-download.ts';
import { OriginalStore } from './originals/original-store.ts';
import { registerCommands } from './register-commands.ts';
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
  /** Where the page draws on the user's own device, if there is one. */
  readonly onDeviceUrl?: string | undefined;
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
const ORIGINALS_SWEEP_MS = 10_000;
const MAX_ORIGINALS_BYTES = 256e6;
/** Longest time `stop` waits for photos that are being fetched. */
const STOP_MS = 10_000;

/**
 * With `DISCORD_TOKEN`: gateway, command registration, direct messages and mentions. With `DISCORD_PUBLIC_KEY`: the
 * HTTP endpoint for interactions. Either works alone; a replica with only the key answers through interaction tokens.
 */
export function createDiscord(options: DiscordOptions): DiscordAdapter {
  const { config, conversation, logger, now = Date.now } = options;
  const { DISCORD_TOKEN: token, DISCORD_API_ROOT: apiRoot, DISCORD_PUBLIC_KEY: publicKey } = config;
  const folder = join(config.DATA_DIR, 'discord');
  const api = new DiscordApi({ apiRoot, token });
  const media = new FileDownloader({ api, cdnRoot: cdnRootOf(apiRoot), now });
  const originals = new OriginalStore({
    folder: join(folder, 'originals'),
    // Gone when the promised time is over, not a round of the sweeper later.
    keepMs: Math.max(0, config.KEEP_MINUTES * 60_000 - ORIGINALS_SWEEP_MS),
    maxBytes: Math.min(MAX_ORIGINALS_BYTES, (config.DATA_LIMIT_MB * 1e6) / 4),
    now,
  });
  const replyStore = new ReplyStore(join(folder, 'replies'), now);
  const quotas = createQuotas(options.quotas ?? { user: 40, guild: 200 }, now);
  const messenger = new DiscordMessenger({
    api,
    conversation,
    replyStore,
    originals,
    logger,
    now,
    refund: (requester) => quotas.refund(requester),
  });
  const submitter = new PhotoSubmitter({ conversation, media, messenger, originals, logger, now });
  const ackPriority = new AckPriority();
  const albums = new AlbumReceiver({
    folder: join(folder, 'inbox'),
    api,
    submitter,
    messenger,
    originals,
    ackPriority,
    logger,
    now,
  });
  const locales = new RecentLocales();
  const userData = new UserData({ conversation, messenger, originals, replyStore, locales, albums });
  const styleSheet = new StyleSheet({ api, styles: conversation.styles, thumbnail: options.thumbnail, now });
  const interactions = new Interactions({
    commands: new Commands({
      conversation,
      albums,
      media,
      quotas,
      styleSheet,
      keepMinutes: config.KEEP_MINUTES,
      onDeviceUrl: options.onDeviceUrl,
      now,
    }),
    callbacks: new Callbacks({
      api,
      conversation,
      albums,
      messenger,
      media,
      originals,
      quotas,
      userData,
      expressions: new ServerExpressions({ api, media, logger, now }),
      now,
    }),
    logger,
    rememberLocale: (userId, locale) => locales.set(userId, locale),
  });
  const messages = new Messages({
    api,
    albums,
    media,
    quotas,
    logger,
    localeOf: (userId) => locales.of(userId),
  });
  const gateway = token
    ? new Gateway({
        token,
        apiRoot,
        logger,
        onInteraction: (interaction) =>
          void interactions.handle(interaction, (response) =>
            ackPriority.track(api.acknowledge(interaction, response)),
          ),
        onMessage: (message, botId) => void messages.handle(message, botId),
        onFirstShard: async (applicationId) => {
          const commands = commandDefinitions(conversation.styles);
          await registerCommands({ api, applicationId, guildId: config.DISCORD_GUILD_ID, commands, logger });
        },
      })
    : undefined;
  const notSwept = (error: unknown) => logger.warn({ err: error }, 'discord folders not swept');
  const sweeper = setInterval(() => {
    quotas.sweep();
    replyStore.sweep().catch(notSwept);
  }, SWEEP_MS).unref();
  const originalsSweeper = setInterval(
    () => void originals.sweep().catch(notSwept),
    ORIGINALS_SWEEP_MS,
  ).unref();

  return {
    platform: 'discord',
    endpoint: publicKey
      ? createEndpoint({
          publicKey,
          handle: (interaction, acknowledge) => interactions.handle(interaction, acknowledge),
          logger,
          now,
        })
      : undefined,
    start: async () => {
      // The replies to requests that are still here must be known before a job of theirs is answered.
      await albums.load();
      conversation.attach(messenger);
      await gateway?.start();
      void albums.resume().catch((error: unknown) => {
        logger.error(loggable(error), 'discord requests of the last process not taken up');
      });
    },
    stop: async () => {
      interactions.stop();
      await gateway?.stop();
      await albums.settle(STOP_MS);
    },
    close: async () => {
      clearInterval(sweeper);
      clearInterval(originalsSweeper);
      await albums.close();
      api.close();
    },
    link: () => {
      const id = gateway?.applicationId();
      return id && `https://discord.com/oauth2/authorize?client_id=${id}`;
    },
    // The HTTP endpoint has no connection that could be missing.
    trouble: () => gateway?.trouble(),
  };
}

function createQuotas(limits: { readonly user: number; readonly guild: number }, now: () => number): Quotas {
  const quota = (limit: number) => new Quota({ limit, windowMs: QUOTA_WINDOW_MS, now });
  return new Quotas(quota(limits.user), quota(limits.guild));
}

/** A loopback Discord (tests, development) serves its files itself; behind a REST proxy they are Discord's own. */
function cdnRootOf(apiRoot: string): string | undefined {
  const { hostname, origin } = new URL(apiRoot);
  return hostname === '127.0.0.1' ? origin : undefined;
}
