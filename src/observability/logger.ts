/** Structured logs (pino). Secrets never reach them: known field names are redacted, and token shapes are scrubbed from every line. */
import { createHash } from 'node:crypto';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { createLogOutput } from './log-output.ts';

export type { Logger } from 'pino';

/**
 * Telegram bot tokens (`123456:AA...`), Discord bot tokens (three base64url parts) and interaction tokens in webhook
 * paths. What comes before a fixed character is bounded: a line may hold anything a stranger sent, and an unbounded
 * part would be searched from each of its characters to its end.
 */
const SECRETS: readonly [RegExp, string][] = [
  [/\d{5,20}:[A-Za-z0-9_-]{20,}/g, '[telegram token]'],
  [/[A-Za-z0-9_-]{20,100}\.[A-Za-z0-9_-]{5,100}\.[A-Za-z0-9_-]{20,}/g, '[discord token]'],
  [/(\/(?:webhooks|interactions)\/\d{1,20}\/)[A-Za-z0-9_.~%-]{20,}/g, '$1[interaction token]'],
];

/** Ids of the page's jobs: whoever knows one may fetch the cartoon. */
const WEB_JOB = /web-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/g;
const NAME_DIGITS = 12;

/** What a log calls a job of the page: always the same for one job, and of no use for fetching it. */
export function webJobName(id: string): string {
  return `web-job-${createHash('sha256').update(id).digest('hex').slice(0, NAME_DIGITS)}`;
}

/** Removes every token shape from a text, and names the page's jobs by what cannot be used. */
export function scrub(text: string): string {
  const withoutTokens = SECRETS.reduce((rest, [pattern, label]) => rest.replace(pattern, label), text);
  return withoutTokens.replace(WEB_JOB, (id) => webJobName(id));
}

const WARN = pino.levels.values['warn'];

export interface LoggerOptions {
  readonly level: string;
  /** Readable lines instead of JSON. Default: when standard output is a terminal. */
  readonly readable?: boolean;
  /** Exact secrets of this process; scrubbed in addition to the known shapes. */
  readonly secrets?: readonly string[];
  /** Where lines go. Default: standard output. */
  readonly write?: (line: string) => void;
}

export function createLogger(options: LoggerOptions): Logger {
  const { secrets = [], readable = process.stdout.isTTY } = options;
  const clean = (line: string) =>
    scrub(secrets.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), line));
  const format = readable
    ? pretty.prettyFactory({ colorize: process.stdout.isTTY, ignore: 'pid,hostname' })
    : undefined;
  const finish = (line: string) => clean(format ? (format(line) as string) : line);
  const note = (lost: number) =>
    finish(
      `${JSON.stringify({ level: WARN, time: Date.now(), lost, msg: 'log lines could not be written' })}\n`,
    );
  const write = options.write ?? createLogOutput(process.stdout, note);
  return pino(
    {
      level: options.level,
      base: null,
      redact: {
        paths: ['token', '*.token', 'authorization', '*.authorization', 'headers.authorization'],
        censor: '[secret]',
      },
    },
    { write: (line: string) => write(finish(line)) },
  );
}
