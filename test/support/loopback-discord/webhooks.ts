/** Interaction callbacks and the webhook that an interaction's token opens: original reply and follow-ups. */
import { MessageFlags } from 'discord.js';
import { ApiError, applyBody, type Body } from './bodies.ts';
import type { APIMessage, StoredInteraction } from './types.ts';
import type { World } from './world.ts';

const ACKNOWLEDGE_WITHIN_MS = 3000;
const TOKEN_LIFE_MS = 15 * 60_000;
const MAX_FOLLOW_UPS = 5;
const LOADING = MessageFlags.Loading;

/** The one acknowledgement of an interaction, over REST or as the answer to the HTTP endpoint. */
export function acknowledge(world: World, interaction: StoredInteraction, body: Body): void {
  if (world.now() - interaction.createdAt > ACKNOWLEDGE_WITHIN_MS) {
    throw new ApiError(404, 10062, 'Unknown interaction');
  }
  if (interaction.acknowledgedAt !== undefined) {
    throw new ApiError(400, 40060, 'Interaction has already been acknowledged.');
  }
  const { type, data } = (body.json ?? {}) as { type: number; data?: { flags?: number } };
  const flags = data?.flags ?? 0;
  if (type === 5 && (flags & ~MessageFlags.Ephemeral) !== 0) {
    world.violations.push(`a deferral may only carry the ephemeral flag, not ${flags}`);
  }
  if ((type === 6 || type === 7) && interaction.payload.type !== 3) {
    world.violations.push(`callback ${type} is only for components`);
  }
  const source = interaction.payload.message;
  if (type === 4 || type === 5) {
    const message = world.message(world.bot, interaction.payload.channel?.id ?? '', {
      flags: ((flags & MessageFlags.Ephemeral) | (type === 5 ? LOADING : 0)) as MessageFlags,
      ...interactionFields(world, interaction),
    });
    if (type === 4) {
      applyBody(world, message, { ...body, json: (data ?? {}) as Record<string, unknown> }, false);
    }
    interaction.originalId = message.id;
  } else if (source) {
    interaction.originalId = source.id;
    const stored = world.messages.get(source.id);
    if (type === 7 && stored) {
      applyBody(world, stored, { ...body, json: (data ?? {}) as Record<string, unknown> }, true);
    }
  }
  interaction.callback = type;
  interaction.acknowledgedAt = world.now();
  world.remember(interaction);
}

function interactionFields(world: World, interaction: StoredInteraction): Partial<APIMessage> {
  return {
    application_id: world.application.id,
    webhook_id: world.application.id,
    interaction_metadata: {
      id: interaction.id,
      type: interaction.payload.type,
      user: (interaction.payload.member?.user ?? interaction.payload.user) as APIMessage['author'],
      authorizing_integration_owners: interaction.payload.authorizing_integration_owners,
    } as NonNullable<APIMessage['interaction_metadata']>,
  };
}

export function isCallback(path: string): boolean {
  return /^\/interactions\/\d+\/[^/]+\/callback$/.test(path);
}

/** `/interactions/:id/:token/callback` and everything below `/webhooks/:app/:token`. */
export function webhookRoute(world: World, method: string, path: string, body: Body): unknown {
  const callback = /^\/interactions\/(\d+)\/([^/]+)\/callback$/.exec(path);
  if (callback) {
    const interaction = world.interactions.get(callback[2] as string);
    if (interaction?.id !== callback[1]) throw new ApiError(404, 10062, 'Unknown interaction');
    acknowledge(world, interaction as StoredInteraction, body);
    return undefined;
  }
  const parts = /^\/webhooks\/(\d+)\/([^/]+)(?:\/messages\/([^/]+))?$/.exec(path);
  if (!parts) throw new ApiError(404, 0, '404: Not Found');
  const interaction = world.interactions.get(parts[2] as string);
  if (!interaction || parts[1] !== world.application.id || interaction.acknowledgedAt === undefined) {
    throw new ApiError(404, 10015, 'Unknown Webhook');
  }
  if (world.now() - interaction.createdAt > TOKEN_LIFE_MS) {
    throw new ApiError(401, 50027, 'Invalid Webhook Token');
  }
  if (!parts[3]) {
    if (method !== 'POST') throw new ApiError(405, 0, '405: Method Not Allowed');
    return followUp(world, interaction, body);
  }
  return ownMessage(world, interaction, method, parts[3], body);
}

function followUp(world: World, interaction: StoredInteraction, body: Body): APIMessage {
  if (interaction.userInstallOnly && interaction.followUps.length >= MAX_FOLLOW_UPS) {
    throw new ApiError(400, 40094, 'Maximum number of follow up messages reached');
  }
  const flags = ((body.json as { flags?: number } | undefined)?.flags ?? 0) & MessageFlags.Ephemeral;
  const message = world.message(world.bot, interaction.payload.channel?.id ?? '', {
    flags: flags as MessageFlags,
    ...interactionFields(world, interaction),
  });
  applyBody(world, message, body, false);
  interaction.followUps.push(message.id);
  return message;
}

function ownMessage(
  world: World,
  interaction: StoredInteraction,
  method: string,
  target: string,
  body: Body,
): unknown {
  const id = target === '@original' ? interaction.originalId : target;
  const message = id === undefined ? undefined : world.messages.get(id);
  if (!message) throw new ApiError(404, 10008, 'Unknown Message');
  switch (method) {
    case 'GET':
      return message;
    case 'DELETE':
      world.messages.delete(message.id);
      return undefined;
    case 'PATCH': {
      applyBody(world, message, body, true);
      message.flags = ((message.flags ?? 0) & ~LOADING) as MessageFlags;
      if (message.id === interaction.originalId) world.remember(interaction);
      return message;
    }
    default:
      throw new ApiError(405, 0, '405: Method Not Allowed');
  }
}
