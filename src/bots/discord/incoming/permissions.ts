/** What the app may do where an interaction happens; Discord says so in each of them. */
import { type APIInteraction, InteractionContextType, PermissionFlagsBits } from 'discord.js';
import type { Texts } from '../../../texts/index.ts';

/** A sentence naming what is missing to answer with a file; `undefined` when nothing is. */
export function missingForFiles(interaction: APIInteraction, texts: Texts): string | undefined {
  if (interaction.context !== InteractionContextType.Guild) return undefined;
  const { attachFiles } = texts.permissions.names;
  return has(interaction, PermissionFlagsBits.AttachFiles)
    ? undefined
    : texts.permissions.missing({ names: [attachFiles] });
}

/** Whether an ordinary message with a file would be allowed as well. */
export function canWriteFiles(interaction: APIInteraction): boolean {
  return has(
    interaction,
    PermissionFlagsBits.ViewChannel | PermissionFlagsBits.SendMessages | PermissionFlagsBits.AttachFiles,
  );
}

/** What keeps an emoji or sticker from being added here: the person or the app may not. */
export function missingForExpressions(interaction: APIInteraction): 'person' | 'app' | undefined {
  const wanted = PermissionFlagsBits.CreateGuildExpressions;
  if (!holds(interaction.member?.permissions, wanted)) return 'person';
  return has(interaction, wanted) ? undefined : 'app';
}

function has(interaction: APIInteraction, wanted: bigint): boolean {
  return holds(interaction.app_permissions, wanted);
}

function holds(permissions: string | undefined, wanted: bigint): boolean {
  const granted = BigInt(permissions ?? '0');
  return (granted & PermissionFlagsBits.Administrator) !== 0n || (granted & wanted) === wanted;
}
