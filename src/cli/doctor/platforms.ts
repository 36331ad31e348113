/** Do the platforms know the tokens, and are they reached from here? Only reads; nothing a user would notice. */
import { z } from 'zod';
import type { Config } from '../../config/schema.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

const TIMEOUT_MS = 10_000;

type Answer = { readonly status: number; readonly body: unknown } | { readonly unreachable: string };

async function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  } catch (error) {
    // The URL may contain a token, so only the inner cause is told.
    const cause = error instanceof Error && error.cause ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : reasonOf(cause);
    return { unreachable: code };
  }
}

function unreachable(root: string, code: string): Finding {
  const { host } = new URL(root);
  return fail(`${host} is not reached (${code}). Is this machine online, and is there a firewall or proxy?`);
}

/** What the platforms say to a token they do not know; Telegram also 404. */
const REFUSED = new Set([401, 403, 404]);

function strange(root: string, status: number): Finding {
  return fail(
    `${new URL(root).host} answers ${status}, and not as the platform does. Is the API root right?`,
  );
}

const meSchema = z.object({
  result: z.object({ username: z.string(), can_join_groups: z.boolean().optional() }),
});
const webhookSchema = z.object({ result: z.object({ last_error_message: z.string().optional() }) });

export async function checkTelegram(
  config: Pick<Config, 'TELEGRAM_TOKEN' | 'TELEGRAM_API_ROOT' | 'TELEGRAM_WEBHOOK_URL'>,
): Promise<readonly Finding[]> {
  const { TELEGRAM_TOKEN: token, TELEGRAM_API_ROOT: root, TELEGRAM_WEBHOOK_URL: webhook } = config;
  if (!token) return [ok('Telegram is off: TELEGRAM_TOKEN is not set (docs/telegram.md).')];
  const answer = await ask(`${root}/bot${token}/getMe`);
  if ('unreachable' in answer) return [unreachable(root, answer.unreachable)];
  const me = meSchema.safeParse(answer.body);
  if (!me.success) {
    if (!REFUSED.has(answer.status)) return [strange(root, answer.status)];
    return [fail(`Telegram refuses TELEGRAM_TOKEN (${answer.status}). Take a new token from @BotFather.`)];
  }
  const { username, can_join_groups: joinsGroups } = me.data.result;
  const findings = [ok(`Telegram knows the token: @${username}.`)];
  if (joinsGroups === false) {
    findings.push(warn(`@${username} cannot be added to groups: /setjoingroups at @BotFather.`));
  }
  if (webhook) {
    const info = webhookSchema.safeParse(
      ((await ask(`${root}/bot${token}/getWebhookInfo`)) as { body?: unknown }).body,
    );
    const trouble = info.data?.result.last_error_message;
    if (trouble) findings.push(warn(`Telegram had trouble with the webhook ${webhook}: ${trouble}`));
  }
  return findings;
}

/** A bot token: user id in base64url, time, signature. */
export function looksLikeDiscordToken(token: string): boolean {
  const [id = '', time, signature, ...more] = token.split('.');
  const isId = /^\d{17,20}$/.test(Buffer.from(id, 'base64url').toString('latin1'));
  return isId && Boolean(time) && /^[\w-]{20,}$/.test(signature ?? '') && more.length === 0;
}

const applicationSchema = z.object({ name: z.string(), verify_key: z.string().optional() });
const gatewaySchema = z.object({
  shards: z.number(),
  session_start_limit: z.object({ remaining: z.number(), reset_after: z.number() }),
});

export async function checkDiscord(
  config: Pick<Config, 'DISCORD_TOKEN' | 'DISCORD_API_ROOT' | 'DISCORD_PUBLIC_KEY'>,
): Promise<readonly Finding[]> {
  const { DISCORD_TOKEN: token, DISCORD_API_ROOT: root, DISCORD_PUBLIC_KEY: publicKey } = config;
  if (!token) {
    return [
      publicKey
        ? ok('Discord: only the HTTP endpoint is on (DISCORD_PUBLIC_KEY without DISCORD_TOKEN).')
        : ok('Discord is off: DISCORD_TOKEN is not set (docs/discord.md).'),
    ];
  }
  const headers = { Authorization: `Bot ${token}` };
  const answer = await ask(`${root}/v10/applications/@me`, headers);
  if ('unreachable' in answer) return [unreachable(root, answer.unreachable), ...shape(token)];
  const application = applicationSchema.safeParse(answer.body);
  if (!application.success) {
    if (!REFUSED.has(answer.status)) return [strange(root, answer.status), ...shape(token)];
    return [
      fail(
        `Discord refuses DISCORD_TOKEN (${answer.status}). Reset it in the developer portal, section Bot.`,
      ),
      ...shape(token),
    ];
  }
  const findings = [ok(`Discord knows the token: ${application.data.name}.`)];
  const { verify_key: key } = application.data;
  if (publicKey && key && publicKey.toLowerCase() !== key.toLowerCase()) {
    findings.push(
      fail('DISCORD_PUBLIC_KEY is not the key of this application (developer portal, General Information).'),
    );
  }
  const gateway = gatewaySchema.safeParse(
    ((await ask(`${root}/v10/gateway/bot`, headers)) as { body?: unknown }).body,
  );
  const { remaining = Number.POSITIVE_INFINITY, reset_after: resetMs = 0 } =
    gateway.data?.session_start_limit ?? {};
  if (remaining < 20) {
    const hours = Math.ceil(resetMs / 3_600_000);
    findings.push(warn(`Discord allows only ${remaining} more starts in the next ${hours} h.`));
  }
  return findings;
}

function shape(token: string): readonly Finding[] {
  if (looksLikeDiscordToken(token)) return [];
  return [
    fail(
      'DISCORD_TOKEN does not look like a bot token: three parts with points between. Is it the client secret?',
    ),
  ];
}
