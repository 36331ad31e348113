/** A service as a process: configuration in, signals and failures to an orderly end. */
import dotenv from 'dotenv';
import { type Config, ConfigError, loadConfig } from '../config/schema.ts';
import { createLogger, type Logger } from '../observability/logger.ts';

export interface Service {
  /** Ends intake, lets accepted photos finish within `DRAIN_SECONDS`, releases everything. */
  stop(): Promise<void>;
}

/** Longest time after `DRAIN_SECONDS` for closing what is open; compose and systemd kill after about as much. */
const CLOSE_MS = 15_000;

/** @param onFatal to be called when the service cannot go on */
export type StartService = (
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
) => Promise<Service>;

/**
 * Runs a service until a signal or a failure ends it; the exit code is 0 or 1. A problem of the configuration is told
 * in plain words.
 * @param closeMs longest time a stop may take beyond `DRAIN_SECONDS`; then the process ends with exit code 1
 */
export async function runProcess(start: StartService, closeMs = CLOSE_MS): Promise<void> {
  dotenv.config({ quiet: true });
  let config: Config;
  try {
    config = loadConfig(process.env);
  } catch (error) {
    // There is no logger yet.
    console.error(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  }
  const logger = createLogger({ level: config.LOG_LEVEL, secrets: secretsOf(config) });
  // Warnings of Node and of libraries go there; its reader may go away like that of the log.
  process.stderr.on('error', () => {});

  let service: Service | undefined;
  let stopping = false;
  const stop = async (exitCode: number) => {
    if (stopping) return;
    stopping = true;
    // What is broken may also keep it from stopping; only a process that has ended is started again.
    setTimeout(() => process.exit(1), config.DRAIN_SECONDS * 1000 + closeMs);
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
    service = await start(config, logger, fatal);
  } catch (error) {
    fatal(error);
  }
}

/** What must never be in a log line. */
function secretsOf(config: Config): string[] {
  const { TELEGRAM_TOKEN, DISCORD_TOKEN, TELEGRAM_WEBHOOK_SECRET, WEB_API_KEY, METRICS_TOKEN } = config;
  const password = config.QUEUE_URL && new URL(config.QUEUE_URL).password;
  return [
    TELEGRAM_TOKEN,
    DISCORD_TOKEN,
    TELEGRAM_WEBHOOK_SECRET,
    WEB_API_KEY,
    METRICS_TOKEN,
    config.AWS_SECRET_ACCESS_KEY,
    password,
    password && decodeURIComponent(password),
  ].filter((secret): secret is string => Boolean(secret));
}
