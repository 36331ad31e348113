/** Documentation of the configuration, made from its schema: `.env.example` and `docs/configuration.md` (`npm run docs`). */
import type { z } from 'zod';
import { configShape } from './schema.ts';

type Name = keyof typeof configShape;

interface Group {
  readonly title: string;
  readonly note: string;
  readonly names: readonly Name[];
}

/** Every variable belongs to exactly one group; a test holds this list against the schema. */
export const CONFIG_GROUPS: readonly Group[] = [
  {
    title: 'Required for the Discord bot',
    note: 'Leave empty to run without it. How to get the token: docs/discord.md',
    names: ['DISCORD_TOKEN'],
  },
  {
    title: 'Required for the Telegram bot',
    note: 'Leave empty to run without it. How to get the token: docs/telegram.md',
    names: ['TELEGRAM_TOKEN'],
  },
  {
    title: 'Optional: Discord',
    note: '',
    names: ['DISCORD_API_ROOT', 'DISCORD_GUILD_ID', 'DISCORD_PUBLIC_KEY'],
  },
  {
    title: 'Optional: Telegram',
    note: '',
    names: ['TELEGRAM_API_ROOT', 'TELEGRAM_WEBHOOK_URL', 'TELEGRAM_WEBHOOK_SECRET', 'TELEGRAM_ADMIN_IDS'],
  },
  {
    title: 'Optional: web page',
    note: '',
    names: [
      'WEB',
      'WEB_HOST',
      'WEB_PORT',
      'WEB_API_KEY',
      'WEB_RATE_LIMIT',
      'TRUST_PROXY',
      'ALLOWED_HOSTS',
      'METRICS_TOKEN',
    ],
  },
  {
    title: 'Optional: photos and the queue',
    note: '',
    names: [
      'DEFAULT_STYLE',
      'QUEUE_CONCURRENCY',
      'QUEUE_LIMIT',
      'QUEUE_LIMIT_PER_USER',
      'TIER',
      'PHOTO_TIMEOUT_SECONDS',
      'DRAIN_SECONDS',
      'KEEP_MINUTES',
    ],
  },
  {
    title: 'Optional: several processes or machines',
    note: 'How to grow: docs/scaling.md',
    names: [
      'QUEUE_URL',
      'BLOB_URL',
      'AWS_REGION',
      'AWS_ENDPOINT_URL_S3',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
    ],
  },
  {
    title: 'Optional: folders and logs',
    note: '',
    names: ['DATA_DIR', 'DATA_LIMIT_MB', 'MODELS_DIR', 'LOG_LEVEL'],
  },
];

/** Default as text; empty when there is none. */
function defaultOf(name: Name): string {
  const type: z.ZodType = configShape[name];
  const result = type.safeParse(undefined);
  return result.success && result.data !== undefined ? String(result.data) : '';
}

function describe(name: Name): string {
  return (configShape[name] as z.ZodType).description ?? '';
}

/** The text of `.env.example`: every variable with its default, ready to copy. */
export function envExample(): string {
  const blocks = CONFIG_GROUPS.map(({ title, note, names }) => {
    const banner = [`# ---- ${title} ----`, ...(note ? [`# ${note}`] : [])];
    return [
      ...banner,
      ...names.flatMap((name) => ['', `# ${describe(name)}`, `${name}=${defaultOf(name)}`]),
    ].join('\n');
  });
  return `# Copy to .env and fill in what you need; an empty value means the default.\n# Made from src/config/schema.ts by \`npm run docs\`.\n\n${blocks.join('\n\n')}\n`;
}

/** The text of `docs/configuration.md`. */
export function configurationPage(): string {
  const tables = CONFIG_GROUPS.map(({ title, note, names }) => {
    const rows = names.map(
      (name) => `| \`${name}\` | ${defaultOf(name) ? `\`${defaultOf(name)}\`` : ''} | ${describe(name)} |`,
    );
    return [
      `## ${title}`,
      ...(note ? ['', note] : []),
      '',
      '| variable | default | meaning |',
      '|---|---|---|',
      ...rows,
    ].join('\n');
  });
  return `# Configuration\n\nEnvironment variables, or lines of \`.env\`. Made from \`src/config/schema.ts\` by \`npm run docs\`.\n\n${tables.join('\n\n')}\n`;
}
