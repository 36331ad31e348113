/** Where the answer to an interaction goes, and where it may go when the token has died. */
import { type APIInteraction, ApplicationIntegrationType, InteractionContextType } from 'discord.js';
import type { InteractionTarget } from '../types.ts';
import { canWriteFiles } from './permissions.ts';

export function interactionTarget(
  interaction: APIInteraction,
  { isPrivate, now }: { readonly isPrivate: boolean; readonly now: number },
): InteractionTarget {
  const fallback = fallbackOf(interaction, isPrivate);
  return {
    kind: 'interaction',
    applicationId: interaction.application_id,
    token: interaction.token,
    createdAt: now,
    ...(fallback ? { fallback } : {}),
  };
}

function fallbackOf(interaction: APIInteraction, isPrivate: boolean): InteractionTarget['fallback'] {
  const channelId = interaction.channel?.id;
  switch (interaction.context) {
    case InteractionContextType.BotDM:
      return channelId ? { channelId } : undefined;
    case InteractionContextType.Guild: {
      // Installed by a person only: the bot is no member and must not write there.
      const owners = interaction.authorizing_integration_owners;
      const isMember = owners[ApplicationIntegrationType.GuildInstall] !== undefined;
      if (isPrivate) return { dm: true };
      return isMember && channelId && canWriteFiles(interaction) ? { channelId } : undefined;
    }
    default:
      return undefined;
  }
}
