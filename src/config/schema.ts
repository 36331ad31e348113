/**
 * The configuration: environment (and `.env`) in, one typed object out. Every problem is reported at once, in
 * plain words; nothing else in the program reads `process.env`.
 */
import { z } from 'zod';

function count(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
const port = count(0, 65535);
const idList = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter(Boolean))
  .pipe(z.array(z.string().regex(/^\d+$/, 'must be numeric ids, separated by commas')));
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((url) => url.replace(/\/+$/, ''));

const schema = z.object({
  DISCORD_TOKEN: z
    .string()
    .optional()
    .describe('Bot token from the Discord developer portal. Without it the Discord bot is off.'),
  DISCORD_API_ROOT: httpUrl
    .default('https://discord.com/api')
    .describe('Root of the Discord REST API, for a REST proxy.'),
  DISCORD_GUILD_ID: z
    .string()
    .regex(/^\d+$/)
    .optional()
    .describe('Development only: register the commands in this one server.'),
  DISCORD_PUBLIC_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
    .optional()
    .describe(
      'Public key of the application; turns on the HTTP interactions endpoint /discord/interactions.',
    ),
  TELEGRAM_TOKEN: z
    .string()
    .regex(/^\d+:[\w-]+$/, 'must look like 123456:ABC-DEF, as BotFather gives it')
    .optional()
    .describe('Bot token from BotFather. Without it the Telegram bot is off.'),
  TELEGRAM_API_ROOT: httpUrl
    .default('https://api.telegram.org')
    .describe('Root of the Bot API, for a self-hosted Bot API server.'),
  TELEGRAM_WEBHOOK_URL: httpUrl
    .optional()
    .describe('Public https URL of this service; set = webhook instead of long polling.'),
  TELEGRAM_WEBHOOK_SECRET: z
    .string()
    .regex(/^[A-Za-z0-9_-]{32,256}$/, 'must be 32-256 characters of A-Z a-z 0-9 _ -')
    .optional()
    .describe('Secret Telegram sends with every webhook call. Required with TELEGRAM_WEBHOOK_URL.'),
  TELEGRAM_ADMIN_IDS: idList
    .default([])
    .describe('Telegram user ids that may use /stats, separated by commas.'),
  WEB: z.enum(['on', 'off']).default('on').describe('The web page and HTTP API.'),
  WEB_HOST: z.string().min(1).default('localhost').describe('Address the page listens on; 0.0.0.0 for all.'),
  WEB_PORT: port.default(8080).describe('Port of the page.'),
  WEB_API_KEY: z
    .string()
    .min(16, 'must have at least 16 characters')
    .optional()
    .describe('Key for /upload and /api (Authorization: Bearer ...); the page asks for it. Unset = open.'),
  WEB_RATE_LIMIT: count(0, 100_000)
    .default(60)
    .describe(
      'Photos one address may send to the page per minute; 0 = no limit. A JPEG of at most 640 pixels a side and 96 kB, as the page sends for previews, counts as a tenth.',
    ),
  TRUST_PROXY: count(0, 10)
    .default(0)
    .describe(
      'Reverse proxies in front of the page whose X-Forwarded-For counts; 0 = the header is never believed.',
    ),
  ALLOWED_HOSTS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .toLowerCase()
        .split(/[\s,]+/)
        .filter(Boolean),
    )
    .describe(
      'Host names under which the page, /metrics and the webhooks answer, separated by commas: protects from pages of strangers whose name points to this machine. Empty = any name, but localhost from this machine itself. Chats that show a link to the page fetch its picture from the first one, by https.',
    ),
  METRICS_TOKEN: z
    .string()
    .min(16, 'must have at least 16 characters')
    .optional()
    .describe(
      'Token for GET /metrics (Authorization: Bearer ...). Unset = open to whoever reaches the page.',
    ),
  QUEUE_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    .optional()
    .describe(
      'Redis for a queue of several processes (docs/scaling.md): redis://user:password@host:6379. Unset = one process, no Redis.',
    ),
  BLOB_URL: z
    .url({ protocol: /^(file|s3)$/, error: 'must be a file:/// or s3:// URL' })
    .optional()
    .describe(
      'With QUEUE_URL, where photos travel: file:///shared/folder or s3://bucket/prefix. Unset = in Redis itself.',
    ),
  AWS_REGION: z.string().min(1).default('us-east-1').describe('Region of the s3:// bucket.'),
  AWS_ENDPOINT_URL_S3: httpUrl
    .optional()
    .describe('Root of an S3-compatible service such as MinIO. Unset = Amazon.'),
  AWS_ACCESS_KEY_ID: z.string().min(1).optional().describe('Key of the s3:// bucket.'),
  AWS_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('Secret of the s3:// bucket.'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe('Folder for the journal, settings and photos in progress.'),
  DATA_LIMIT_MB: count(50, 10_000_000)
    .default(1024)
    .describe(
      'Most megabytes of photos and cartoons in work in DATA_DIR; when full, new photos are refused. What is kept after the answer comes on top: for Discord a quarter of this, for the page 256 MB, and as much while photos arrive.',
    ),
  MODELS_DIR: z.string().min(1).default('./models').describe('Folder with manifest.json and the networks.'),
  DEFAULT_STYLE: z.string().min(1).default('3d').describe('Style used when a user has chosen none.'),
  QUEUE_CONCURRENCY: z
    .union([z.literal('auto'), count(1, 64)], { error: 'must be auto or a whole number from 1 to 64' })
    .default('auto')
    .describe(
      'Photos worked on at the same time, one inference process each. auto: as many as there are cores and memory for (limits of containers count); all but the first run only while there is work for them.',
    ),
  QUEUE_LIMIT: count(1, 100_000)
    .default(500)
    .describe('Photos that may wait in total; more are refused at once.'),
  QUEUE_LIMIT_PER_USER: count(1, 1000).default(10).describe('Photos one user may have queued or in work.'),
  TIER: z
    .enum(['full', 'small'])
    .default('full')
    .describe(
      'small: for servers of 512 MB and one core. Photos are drawn in a thread of the service instead of a process of its own, backgrounds coarser, and cartoons are at most 2048 pixels long.',
    ),
  PHOTO_TIMEOUT_SECONDS: count(1, 600)
    .default(60)
    .describe('Longest time one photo may take before its process is killed.'),
  DRAIN_SECONDS: count(0, 600).default(20).describe('On SIGTERM, how long accepted photos may still finish.'),
  KEEP_MINUTES: count(0, 1440)
    .default(15)
    .describe('Longest time after the answer, in minutes, until a photo and its cartoon are deleted.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
});

const configSchema = schema.superRefine((env, context) => {
  if (env.TELEGRAM_WEBHOOK_URL && !env.TELEGRAM_WEBHOOK_SECRET) {
    context.addIssue({
      code: 'custom',
      path: ['TELEGRAM_WEBHOOK_SECRET'],
      message: 'is required with TELEGRAM_WEBHOOK_URL',
    });
  }
  if (env.BLOB_URL && !env.QUEUE_URL) {
    context.addIssue({ code: 'custom', path: ['BLOB_URL'], message: 'is of use with QUEUE_URL only' });
  }
  if (env.BLOB_URL?.startsWith('s3:')) {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const) {
      if (!env[name])
        context.addIssue({ code: 'custom', path: [name], message: 'is required with BLOB_URL=s3://' });
    }
  }
});

export type Config = Readonly<z.infer<typeof configSchema>>;

/** Names and values of everything configurable, for generated documentation. */
export const configShape = schema.shape;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/**
 * Validates an environment. An empty value counts as not set (`.env` files are full of `NAME=`).
 * @throws ConfigError naming every problem
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name in configShape && value?.trim() !== ''),
  );
  const result = configSchema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
}
