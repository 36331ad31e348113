/** The one acknowledgement of an interaction, due within 3 s, over REST or as the answer of the HTTP endpoint. */
import {
  type APIInteraction,
  type APIInteractionResponse,
  type APIUser,
  InteractionResponseType,
  MessageFlags,
} from 'discord.js';
import { DctoonError } from '../../../shared/errors.ts';
import { NO_MENTIONS, type Row } from '../reply/render.ts';

/** Must be the first thing a handler awaits. Rejects when Discord takes it no more: then there is nobody to answer. */
export type Acknowledge = (response: APIInteractionResponse) => Promise<void>;

/** A message only the requester sees. */
export function ephemeral(content: string, components: Row[] = []): APIInteractionResponse {
  return {
    type: InteractionResponseType.ChannelMessageWithSource,
    data: { content, components, flags: MessageFlags.Ephemeral, allowed_mentions: NO_MENTIONS },
  };
}

/** "Thinking..."; privacy is the only flag allowed here, and cannot be changed later. */
export function deferral(isPrivate: boolean): APIInteractionResponse {
  return {
    type: InteractionResponseType.DeferredChannelMessageWithSource,
    ...(isPrivate ? { data: { flags: MessageFlags.Ephemeral } } : {}),
  };
}

export function requesterOf(interaction: APIInteraction): APIUser {
  const user = interaction.member?.user ?? interaction.user;
  if (!user) throw new DctoonError('internal', 'an interaction without a user');
  return user;
}
