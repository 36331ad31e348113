/**
 * Commands, description and about text, in every language. Telegram limits how often they may be set, so only what
 * changed since the last start is sent; digests of what was sent are kept in `DATA_DIR`.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Api, GrammyError } from 'grammy';
import type { BotCommand, BotCommandScope, LanguageCode } from 'grammy/types';
import { z } from 'zod';
import type { Logger } from '../../../observability/logger.ts';
import { parseJson } from '../../../shared/json.ts';
import { writeFileAtomic } from '../../../storage/atomic-file.ts';
import { LOCALES, type Locale, type Texts } from '../../../texts/index.ts';
import { describe, isGone } from '../errors.ts';

export interface ProfileParts {
  readonly api: Api;
  readonly file: string;
  readonly botId: number;
  readonly adminIds: readonly string[];
  readonly texts: (locale: Locale) => Texts;
  readonly logger: Logger;
}

interface Step {
  readonly name: string;
  readonly content: unknown;
  readonly send: () => Promise<unknown>;
}

type CommandKey = keyof Texts['commands']['telegram'];

const GROUP: readonly CommandKey[] = ['cartoon', 'sticker', 'avatar', 'style', 'strength', 'help'];
const PRIVATE: readonly CommandKey[] = [
  'start',
  'cartoon',
  'sticker',
  'avatar',
  'style',
  'strength',
  'help',
  'privacy',
  'forget',
];
const digestsSchema = z.record(z.string(), z.string());

/** Brings the profile up to date. Never rejects: the bot works without it, and the next start tries again. */
export async function updateProfile(parts: ProfileParts): Promise<void> {
  const { file, botId, logger } = parts;
  const sent = await readDigests(file);
  let changes = 0;
  for (const { name, content, send } of steps(parts)) {
    const digest = createHash('sha256').update(JSON.stringify(content)).digest('base64url');
    const key = `${botId} ${name}`;
    if (sent[key] === digest) continue;
    try {
      await send();
    } catch (error) {
      // An administrator who never wrote to the bot has no chat with it yet.
      if (isGone(error)) continue;
      logger.warn({ name, reason: describe(error) }, 'The Telegram profile was not updated');
      // Telegram may ask for hours of silence here; the next start goes on.
      if (error instanceof GrammyError && error.error_code === 429) break;
      continue;
    }
    sent[key] = digest;
    changes++;
  }
  if (changes === 0) return;
  logger.info({ changes }, 'Telegram profile updated');
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, JSON.stringify(sent));
  } catch (error) {
    logger.warn({ reason: String(error) }, 'What was set in the Telegram profile was not remembered');
  }
}

async function readDigests(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return parseJson(digestsSchema, text) ?? {};
}

function steps(parts: ProfileParts): Step[] {
  return LOCALES.flatMap((locale) => [...commandSteps(parts, locale), ...textSteps(parts, locale)]);
}

function commandSteps({ api, adminIds, texts }: ProfileParts, locale: Locale): Step[] {
  const { telegram } = texts(locale).commands;
  const list = (keys: readonly CommandKey[]): BotCommand[] =>
    keys.map((command) => ({ command, description: telegram[command] }));
  const scopes: [BotCommandScope, BotCommand[]][] = [
    [{ type: 'default' }, list(PRIVATE)],
    [{ type: 'all_private_chats' }, list(PRIVATE)],
    [{ type: 'all_group_chats' }, list(GROUP)],
    ...adminIds.map((id): [BotCommandScope, BotCommand[]] => [
      { type: 'chat', chat_id: Number(id) },
      list([...PRIVATE, 'stats']),
    ]),
  ];
  return scopes.map(([scope, commands]) => ({
    name: `commands ${JSON.stringify(scope)} ${locale}`,
    content: commands,
    send: () => api.setMyCommands(commands, { scope, ...language(locale) }),
  }));
}

function textSteps({ api, texts }: ProfileParts, locale: Locale): Step[] {
  const { description, about } = texts(locale).bot;
  return [
    {
      name: `description ${locale}`,
      content: description,
      send: () => api.setMyDescription(description, language(locale)),
    },
    {
      name: `about ${locale}`,
      content: about,
      send: () => api.setMyShortDescription(about, language(locale)),
    },
  ];
}

/** Two-letter codes; English is what everybody else gets, so it is set without one. */
function language(locale: Locale): { language_code?: LanguageCode } {
  return locale === 'en' ? {} : { language_code: locale.slice(0, 2) as LanguageCode };
}
