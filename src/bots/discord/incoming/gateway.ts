/** The gateway: discord.js' client, for events only. Answers go through `api.ts`. */
import {
  type APIInteraction,
  Client,
  Events,
  GatewayDispatchEvents,
  GatewayIntentBits,
  type GatewayMessageCreateDispatchData,
  Options,
  Status,
} from 'discord.js';
import type { Logger } from '../../../observability/logger.ts';
import { loggable } from '../errors.ts';

export interface GatewayOptions {
  readonly token: string;
  readonly apiRoot: string;
  readonly logger: Logger;
  readonly onInteraction: (interaction: APIInteraction) => void;
  readonly onMessage: (message: GatewayMessageCreateDispatchData, botId: string) => void;
  /** Once, when all shards are ready; for the process that has shard 0. */
  readonly onFirstShard: (applicationId: string) => Promise<void>;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #client: Client;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#client = new Client({
      // Not privileged. Without `Guilds` no server is ever loaded or cached: we need none of it.
      intents: [GatewayIntentBits.GuildMessages, GatewayIntentBits.DirectMessages],
      shards: 'auto',
      rest: { api: options.apiRoot },
      makeCache: Options.cacheWithLimits(EMPTY_CACHES),
      allowedMentions: { parse: [], repliedUser: false },
    });
  }

  /** Resolves when ready. Rejects on a wrong token or intents that are not granted. */
  async start(): Promise<void> {
    const { logger, onInteraction, onMessage, onFirstShard, token } = this.#options;
    const client = this.#client;
    client.on(Events.Error, (error) => logger.error(loggable(error), 'discord client error'));
    client.on(Events.Warn, (message) => logger.warn({ message }, 'discord client warning'));
    client.on(Events.ShardError, (error, shard) =>
      logger.warn({ ...loggable(error), shard }, 'discord shard error'),
    );
    client.on(Events.ShardDisconnect, ({ code }, shard) =>
      logger.warn({ code, shard }, 'discord shard closed'),
    );
    client.on(Events.ShardResume, (shard, replayed) =>
      logger.info({ shard, replayed }, 'discord shard resumed'),
    );
    client.on(Events.Invalidated, () => logger.fatal('discord session invalidated: the bot is off'));
    // The payloads themselves: the HTTP endpoint gets the same ones.
    client.ws.on(GatewayDispatchEvents.InteractionCreate, (data: APIInteraction) => onInteraction(data));
    client.ws.on(GatewayDispatchEvents.MessageCreate, (data: GatewayMessageCreateDispatchData) => {
      if (client.user) onMessage(data, client.user.id);
    });
    const ready = new Promise<void>((resolve) => client.once(Events.ClientReady, () => resolve()));
    await client.login(token);
    await ready;
    const { user, application, ws } = client;
    logger.info({ user: user?.username, shards: ws.shards.size }, 'discord connected');
    if (application && ws.shards.has(0)) await onFirstShard(application.id);
  }

  /** Known when the bot is connected. */
  applicationId(): string | undefined {
    return this.#client.application?.id;
  }

  /** Why events do not come at the moment; undefined when they do. */
  trouble(): string | undefined {
    const shards = [...this.#client.ws.shards.values()];
    const down = shards.filter(({ status }) => status !== Status.Ready).length;
    if (this.#client.isReady() && down === 0) return undefined;
    return shards.length < 2
      ? 'Discord is not connected.'
      : `Discord: ${down} of ${shards.length} shards are not connected.`;
  }

  /** Closes the connection (code 1000): Discord sends nothing more. */
  async stop(): Promise<void> {
    await this.#client.destroy();
  }
}

/** Everything we need is in the events themselves. */
const EMPTY_CACHES = {
  ApplicationCommandManager: 0,
  ApplicationEmojiManager: 0,
  AutoModerationRuleManager: 0,
  BaseGuildEmojiManager: 0,
  DMMessageManager: 0,
  EntitlementManager: 0,
  GuildBanManager: 0,
  GuildEmojiManager: 0,
  GuildForumThreadManager: 0,
  GuildInviteManager: 0,
  GuildMemberManager: 0,
  GuildMessageManager: 0,
  GuildScheduledEventManager: 0,
  GuildStickerManager: 0,
  GuildTextThreadManager: 0,
  MessageManager: 0,
  PresenceManager: 0,
  ReactionManager: 0,
  ReactionUserManager: 0,
  StageInstanceManager: 0,
  ThreadManager: 0,
  ThreadMemberManager: 0,
  UserManager: 0,
  VoiceStateManager: 0,
} as const;
