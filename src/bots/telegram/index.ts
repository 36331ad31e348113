/** The Telegram adapter: grammY in front, the conversation behind. */
import { join } from 'node:path';
import { GrammyError, type Transformer } from 'grammy';
import type { Update } from 'grammy/types';
import type { Config } from '../../config/schema.ts';
import type { Logger } from '../../observability/logger.ts';
import { within } from '../../shared/timeout.ts';
import type { Locale, Texts } from '../../texts/index.ts';
import type { BotAdapter, Conversation } from '../conversation/types.ts';
import { createClient } from './client.ts';
import { describe } from './errors.ts';
import { BusinessConnections } from './incoming/business.ts';
import { Callbacks } from './incoming/callbacks.ts';
import { Commands } from './incoming/commands.ts';
import { createFileFetcher } from './incoming/file-download.ts';
import { Messages } from './incoming/messages.ts';
import { StickerButtons } from './incoming/sticker-buttons.ts';
import { PhotoSubmitter } from './incoming/submit-photo.ts';
import { messageIn, UpdateReceiver } from './incoming/updates.ts';
import { createWebhook, type WebhookHandler } from './incoming/webhook.ts';
import { updateProfile } from './outgoing/bot-profile.ts';
import { ChatActions } from './outgoing/chat-actions.ts';
import { FileIdCache } from './outgoing/file-id-cache.ts';
import { TelegramMessenger } from './outgoing/messenger.ts';
import { PlaceholderReplies } from './outgoing/placeholder-reply.ts';
import { RateLimiter, type RateLimiterOptions } from './outgoing/rate-limiter.ts';
import { Sender } from './outgoing/sender.ts';
import { StatusMessages } from './outgoing/status-messages.ts';
import { StickerSets } from './stickers/sticker-sets.ts';
import type { Stats } from './types.ts';

export type { WebhookHandler } from './incoming/webhook.ts';
export type { Stats } from './types.ts';

export type TelegramConfig = Pick<
  Config,
  | 'TELEGRAM_API_ROOT'
  | 'TELEGRAM_WEBHOOK_URL'
  | 'TELEGRAM_WEBHOOK_SECRET'
  | 'TELEGRAM_ADMIN_IDS'
  | 'DATA_DIR'
  | 'KEEP_MINUTES'
> & { readonly TELEGRAM_TOKEN: string };

export interface TelegramOptions {
  readonly config: TelegramConfig;
  readonly conversation: Conversation;
  /** Where the page draws on the user's own device, if there is one. */
  readonly onDeviceUrl?: string | undefined;
  readonly texts: (locale: Locale) => Texts;
  readonly logger: Logger;
  /** Figures for `/stats`. */
  readonly stats: () => Stats;
  /** Changes when the models do, so that no cartoon of an old network is served from the cache. */
  readonly modelsVersion: string;
  /** No more updates will come: another process polls with the same token, or the token was revoked. */
  readonly onFatal: (error: Error) => void;
  readonly rateLimits?: RateLimiterOptions;
  /** For photo downloads. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface TelegramAdapter extends BotAdapter {
  /** Present in webhook mode. Mount it at `path` for every method. */
  readonly webhook: { readonly path: string; readonly handle: WebhookHandler } | undefined;
}

const ALLOWED_UPDATES = [
  'message',
  'channel_post',
  'business_connection',
  'business_message',
  'callback_query',
] as const;
/** Longest time `stop` waits for updates in progress, and for Telegram to confirm the last one. */
const STOP_MS = 10_000;

export function createTelegram(options: TelegramOptions): TelegramAdapter {
  const { config, conversation, texts, logger } = options;
  const { TELEGRAM_TOKEN: token, TELEGRAM_API_ROOT: apiRoot } = config;
  const folder = join(config.DATA_DIR, 'telegram');
  const rateLimiter = new RateLimiter(options.rateLimits);
  const { bot, plain, trouble } = createClient({ token, apiRoot, rateLimiter, logger });
  const { api } = bot;

  const sender = new Sender(api);
  const placeholders = new PlaceholderReplies({ api, sender, rateLimiter });
  const chatActions = new ChatActions(plain);
  const statusMessages = new StatusMessages({ api, sender, rateLimiter });
  const epoch = `${token.split(':')[0]} ${options.modelsVersion}`;
  const fileIds = new FileIdCache({ file: join(folder, 'results.jsonl'), epoch, logger });
  const messenger = new TelegramMessenger({
    api,
    sender,
    placeholders,
    statusMessages,
    chatActions,
    fileIds,
    conversation,
    texts,
    logger,
  });
  const { fetch } = options;
  const fetchFile = createFileFetcher({ api, token, apiRoot, ...(fetch ? { fetch } : {}) });
  const submitter = new PhotoSubmitter({
    conversation,
    messenger,
    placeholders,
    rateLimiter,
    statusMessages,
    chatActions,
    fileIds,
    fetchFile,
    texts,
    logger,
  });
  const receiver: UpdateReceiver = new UpdateReceiver({
    folder: join(folder, 'inbox'),
    logger,
    handle: async (update: Update, receipt) => {
      const message = messageIn(update);
      if (message) await messages.handle(message, bot.botInfo, receipt);
      else if (update.business_connection) businesses.changed(update.business_connection);
      else if (update.callback_query) await callbacks.handle(update.callback_query, receipt);
    },
  });
  const commands = new Commands({
    conversation,
    sender,
    texts,
    keepMinutes: config.KEEP_MINUTES,
    onDeviceUrl: options.onDeviceUrl,
    adminIds: config.TELEGRAM_ADMIN_IDS,
    stats: options.stats,
    forgetUpdates: (requester) => receiver.forget(requester),
  });
  const businesses = new BusinessConnections(api, logger);
  const mayAnswer = (connection: string) => businesses.mayAnswer(connection);
  const username = () => bot.botInfo.username;
  const stickerSets = new StickerSets(api, username);
  const messages = new Messages({
    conversation,
    submitter,
    commands,
    sender,
    rateLimiter,
    stickerSets,
    texts,
    mayAnswer,
  });
  const stickerButtons = new StickerButtons({
    api,
    sender,
    sets: stickerSets,
    fetchFile,
    bot: username,
    logger,
  });
  const callbacks = new Callbacks({
    api,
    conversation,
    submitter,
    messenger,
    statusMessages,
    stickerButtons,
    texts,
  });
  bot.use((context) => receiver.poll(context.update));
  api.config.use(confirming((offset) => receiver.confirmable(offset)));

  let isOpen = false;
  const { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: secret } = config;
  const webhook =
    url && secret
      ? {
          path: new URL(url).pathname,
          handle: createWebhook({ secret, receiver, isOpen: () => isOpen }),
        }
      : undefined;

  async function listen(): Promise<void> {
    if (url && secret) {
      isOpen = true;
      await api.setWebhook(url, { secret_token: secret, allowed_updates: ALLOWED_UPDATES });
      return;
    }
    await new Promise<void>((resolve, reject) => {
      let started = false;
      const onStart = () => {
        started = isOpen = true;
        resolve();
      };
      bot.start({ allowed_updates: ALLOWED_UPDATES, onStart }).then(resolve, (error: unknown) => {
        isOpen = false;
        const failure = pollingFailure(error);
        if (!started) return reject(failure);
        logger.fatal({ reason: failure.message }, 'Telegram polling ended');
        options.onFatal(failure);
      });
    });
  }

  return {
    platform: 'telegram',
    webhook,
    async start() {
      await fileIds.load();
      await receiver.load();
      conversation.attach(messenger);
      try {
        await bot.init();
        await receiver.resume();
        await listen();
      } catch (error) {
        throw pollingFailure(error);
      }
      const { id: botId, username } = bot.botInfo;
      logger.info({ bot: `@${username}`, mode: webhook ? 'webhook' : 'polling' }, 'Telegram is on');
      receiver.background(
        updateProfile({
          api,
          file: join(folder, 'profile.json'),
          botId,
          adminIds: config.TELEGRAM_ADMIN_IDS,
          texts,
          logger,
        }),
      );
    },
    async stop() {
      isOpen = false;
      receiver.stop();
      // Confirms what was handled, so that it does not come again; without a network it does, and is recognised.
      if (bot.isRunning())
        await within(
          bot.stop().catch(() => {}),
          STOP_MS,
        );
      await receiver.settle(STOP_MS);
    },
    async close() {
      chatActions.close();
      await fileIds.close();
      await receiver.close();
    },
    link: () => (bot.isInited() ? `https://t.me/${bot.botInfo.username}` : undefined),
    trouble: () => (isOpen ? trouble() : 'Telegram is not connected.'),
  };
}

/** grammY confirms what it has handed over with the next poll; that waits until everything is on the disk. */
function confirming(confirmable: (offset: number) => Promise<number>): Transformer {
  return async (prev, method, payload, signal) => {
    const { offset } = payload as { offset?: unknown };
    if (method !== 'getUpdates' || typeof offset !== 'number') return prev(method, payload, signal);
    return prev(method, { ...payload, offset: await confirmable(offset) }, signal);
  };
}

/** What the operator reads when Telegram does not let the bot in. */
function pollingFailure(error: unknown): Error {
  if (error instanceof GrammyError && error.error_code === 401)
    return new Error('Telegram refused TELEGRAM_TOKEN (401). Take a new token from @BotFather.');
  if (error instanceof GrammyError && error.error_code === 409)
    return new Error(
      'Another process receives updates with the same TELEGRAM_TOKEN (409). Stop it, or give this one its own bot.',
    );
  return error instanceof Error && !(error instanceof GrammyError) ? error : new Error(describe(error));
}
