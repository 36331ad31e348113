/** Registers the commands only when they differ from what Discord has: creating is limited to 200 a day. */
import { isDeepStrictEqual } from 'node:util';
import type { RESTPostAPIApplicationCommandsJSONBody } from 'discord.js';
import type { Logger } from '../../observability/logger.ts';
import type { DiscordApi } from './api.ts';
import { loggable } from './errors.ts';

export interface Registration {
  readonly api: DiscordApi;
  readonly applicationId: string;
  /** Development: only in this server, where it is visible to nobody else. */
  readonly guildId?: string | undefined;
  readonly commands: readonly RESTPostAPIApplicationCommandsJSONBody[];
  readonly logger: Logger;
}

/** @returns whether anything had to be sent. Never throws: commands registered earlier keep working. */
export async function registerCommands(registration: Registration): Promise<boolean> {
  const { api, applicationId, guildId, commands, logger } = registration;
  try {
    const known = await api.commands(applicationId, guildId);
    if (sameCommands(known, commands)) return false;
    // One bulk overwrite: atomic, and it keeps the ids of commands whose names did not change.
    await api.replaceCommands(applicationId, commands, guildId);
    logger.info({ commands: commands.length, guildId }, 'discord commands registered');
    return true;
  } catch (error) {
    logger.error(loggable(error), 'discord commands could not be registered');
    return false;
  }
}

export function sameCommands(known: readonly unknown[], wanted: readonly unknown[]): boolean {
  const sorted = (commands: readonly unknown[]) =>
    commands
      .map((command) => essence(command) as { name: string; type: number })
      .sort((a, b) => a.type - b.type || (a.name < b.name ? -1 : 1));
  return isDeepStrictEqual(sorted(known), sorted(wanted));
}

/** What Discord adds by itself to a stored command. */
const ADDED = new Set([
  'id',
  'application_id',
  'guild_id',
  'version',
  'dm_permission',
  'nsfw',
  'name_localized',
  'description_localized',
]);

/** A command without what Discord adds, and without the many ways to say "nothing" (null, false, "", []). */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.map(essence);
    return list.every((one) => typeof one === 'number') ? list.sort() : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !ADDED.has(key))
    .map(([key, inner]) => [key, essence(inner)] as const)
    .filter(([, inner]) => !isNothing(inner));
  return Object.fromEntries(entries);
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
