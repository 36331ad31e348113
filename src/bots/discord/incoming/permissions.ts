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

function has(interaction: APIInteraction, wanted: bigint): boolean {
  const granted = BigInt(interaction.app_permissions ?? '0');
  return (granted & PermissionFlagsBits.Administrator) !== 0n || (granted & wanted) === wanted;
}
