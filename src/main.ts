/** The composition root: configuration -> parts -> start -> drain. Nothing else in the program creates a part. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import dotenv from 'dotenv';
import { createConversation } from './bots/conversation/conversation.ts';
import { Preferences } from './bots/conversation/preferences.ts';
import type { BotAdapter } from './bots/conversation/types.ts';
import { createDiscord } from './bots/discord/index.ts';
import { createTelegram } from './bots/telegram/index.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { Cartoonizer } from './inference/cartoonizer.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics, metricsRoute } from './metrics.ts';
import { logPhotos } from './photo-log.ts';
import { cartoonHandler } from './queue/handler.ts';
import { createMemoryQueue } from './queue/memory-queue.ts';
import { openSpool } from './queue/spool.ts';
import { createReadiness, engineCheck, storageCheck } from './readiness.ts';
import { createTexts } from './texts/index.ts';
import { VERSION } from './version.ts';
import { createWeb, type ExtraRoute } from './web/index.ts';

interface Service {
  /** Ends intake, lets accepted photos finish within `DRAIN_SECONDS`, releases everything. */
  stop(): Promise<void>;
}

async function startService(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
): Promise<Service> {
  const part = (name: string) => logger.child({ part: name });
  const metrics = new Metrics(VERSION);
  const spool = await openSpool({
    folder: join(config.DATA_DIR, 'spool'),
    maxBytes: config.DATA_LIMIT_MB * 1e6,
    log: part('spool'),
  });
  const engine = await Cartoonizer.create({
    modelsDir: config.MODELS_DIR,
    concurrency: config.QUEUE_CONCURRENCY,
    timeoutMs: config.PHOTO_TIMEOUT_SECONDS * 1000,
    logger: part('inference'),
  });
  const { styles } = engine;
  const embedded = await createMemoryQueue({
    concurrency: config.QUEUE_CONCURRENCY,
    limit: config.QUEUE_LIMIT,
    limitPerLane: config.QUEUE_LIMIT_PER_USER,
    blobs: spool,
    journal: spool,
    log: part('queue'),
  });
  const queue = metrics.countRefusals(embedded);
  metrics.watchQueue(queue);
  metrics.watchEngine(engine);
  metrics.watchSpool(spool, config.DATA_LIMIT_MB * 1e6);
  logPhotos(queue, part('photos'));
  const conversation = createConversation({
    queue,
    styles,
    defaultStyle: config.DEFAULT_STYLE,
    preferences: await Preferences.open({
      file: join(config.DATA_DIR, 'preferences.json'),
      log: part('preferences'),
    }),
    log: part('conversation'),
  });
  queue.work(cartoonHandler(engine));

  let answered = 0;
  let failed = 0;
  queue.on('answered', ({ outcome }) => void (outcome.ok ? answered++ : failed++));
  const stats = () => ({ ...queue.depth(), answered, failed });

  const bots: BotAdapter[] = [];
  const extraRoutes: ExtraRoute[] = [metricsRoute(metrics, config.METRICS_TOKEN)];
  const { TELEGRAM_TOKEN, DISCORD_TOKEN, DISCORD_PUBLIC_KEY } = config;
  if (TELEGRAM_TOKEN) {
    const telegram = createTelegram({
      config: { ...config, TELEGRAM_TOKEN },
      conversation,
      texts: createTexts,
      logger: part('telegram'),
      stats,
      modelsVersion: await modelsVersion(config.MODELS_DIR),
      onFatal,
    });
    bots.push(telegram);
    if (telegram.webhook) extraRoutes.push({ method: 'POST', ...telegram.webhook });
  } else {
    logger.info('Telegram is off: TELEGRAM_TOKEN is not set (docs/telegram.md says how to get one)');
  }
  if (DISCORD_TOKEN || DISCORD_PUBLIC_KEY) {
    const discord = createDiscord({ config, conversation, logger: part('discord') });
    bots.push(discord);
    const handle = discord.endpoint;
    if (handle) extraRoutes.push({ method: 'POST', path: '/discord/interactions', handle });
  } else {
    logger.info('Discord is off: DISCORD_TOKEN is not set (docs/discord.md says how to get one)');
  }

  let stopping = false;
  const notReady = createReadiness([
    () => (stopping ? 'Stopping: accepted photos are being finished, new ones are refused.' : undefined),
    engineCheck(engine),
    storageCheck(config.DATA_DIR, spool),
    ...bots.map((bot) => () => bot.trouble()),
  ]);
  const web =
    config.WEB === 'on'
      ? await createWeb({ config, queue, styles, logger, texts: createTexts, extraRoutes, notReady })
      : undefined;
  if (web) logger.info(`The page is on: ${(await web.start()).url}`);
  else logger.info('The page is off: WEB=off');

  // The page first: webhooks must be reachable before a platform is told about them.
  await Promise.all(bots.map((bot) => bot.start()));
  if (!web && bots.length === 0) throw new Error('Nothing to run: WEB=off and no bot token is set.');

  return {
    async stop() {
      stopping = true;
      await Promise.all(bots.map((bot) => bot.stop()));
      const left = await queue.drain(config.DRAIN_SECONDS * 1000);
      if (left > 0) await conversation.restarting();
      await web?.stop();
      await queue.close();
      await Promise.all(bots.map((bot) => bot.close()));
      await conversation.close();
      await engine.close();
      logger.info({ left }, 'stopped');
    },
  };
}

/** Changes when any network does: the manifest names the SHA-256 of every file. */
async function modelsVersion(modelsDir: string): Promise<string> {
  const manifest = await readFile(join(modelsDir, 'manifest.json'));
  return createHash('sha256').update(manifest).digest('hex').slice(0, 16);
}

async function main(): Promise<void> {
  dotenv.config({ quiet: true });
  const config = loadConfig(process.env);
  const { TELEGRAM_TOKEN, DISCORD_TOKEN, TELEGRAM_WEBHOOK_SECRET, WEB_API_KEY, METRICS_TOKEN } = config;
  const secrets = [TELEGRAM_TOKEN, DISCORD_TOKEN, TELEGRAM_WEBHOOK_SECRET, WEB_API_KEY, METRICS_TOKEN].filter(
    (secret) => secret !== undefined,
  );
  const logger = createLogger({ level: config.LOG_LEVEL, secrets });

  let service: Service | undefined;
  let stopping = false;
  const stop = async (exitCode: number) => {
    if (stopping) return;
    stopping = true;
    await service?.stop();
    process.exit(exitCode);
  };
  const fatal = (error: unknown) => {
    logger.fatal({ err: error }, error instanceof Error ? error.message : 'unknown failure');
    stop(1).catch(() => process.exit(1));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1); // a second signal: at once
      logger.info({ signal }, 'stopping; a second signal ends at once');
      stop(0).catch(fatal);
    });
  }
  process.on('unhandledRejection', fatal);
  process.on('uncaughtException', fatal);

  try {
    service = await startService(config, logger, fatal);
  } catch (error) {
    return fatal(error);
  }
}

main().catch((error: unknown) => {
  // Before there is a logger: only the configuration can fail here.
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
