/** REST v10: the routes a bot like ours may use; anything else is a 404 that the tests see. */
import type { MessageFlags } from 'discord.js';
import { ApiError, applyBody, type Body } from './bodies.ts';
import { createExpression } from './expressions.ts';
import type { APIMessage, CommandBody, StoredCommand } from './types.ts';
import { webhookRoute } from './webhooks.ts';
import type { World } from './world.ts';

export interface RestContext {
  readonly world: World;
  readonly gatewayUrl: () => string;
  readonly shards: () => number;
  /** Announces a message the bot itself has written. */
  readonly dispatchMessage: (message: APIMessage) => void;
}

/** Answers one request, or throws an `ApiError`. `undefined` = 204. */
export function route(
  context: RestContext,
  method: string,
  path: string,
  query: URLSearchParams,
  body: Body,
  authorization: string | undefined,
): unknown {
  const { world } = context;
  if (path.startsWith('/webhooks/') || path.startsWith('/interactions/')) {
    if (path.startsWith('/webhooks/') && authorization !== undefined) {
      world.violations.push('the bot token has no place on an interaction webhook');
    }
    return webhookRoute(world, method, path, body);
  }
  if (authorization !== `Bot ${world.token}`) throw new ApiError(401, 0, '401: Unauthorized');
  const at = (pattern: RegExp) => pattern.exec(path);
  if (method === 'GET' && path === '/gateway/bot') {
    return {
      url: context.gatewayUrl(),
      shards: context.shards(),
      session_start_limit: { total: 1000, remaining: 999, reset_after: 1, max_concurrency: 16 },
    };
  }
  if (method === 'GET' && path === '/users/@me') return world.bot;
  if (method === 'GET' && /^\/(oauth2\/)?applications\/@me$/.test(path)) {
    return { ...world.application, name: 'dctoon', bot: world.bot };
  }
  if (method === 'POST' && path === '/users/@me/channels') {
    const user = world.users.get((body.json as { recipient_id: string }).recipient_id);
    if (!user) throw new ApiError(400, 50033, 'Invalid Recipient(s)');
    return { ...world.dm(user), type: 1, recipients: [user] };
  }
  if (method === 'POST' && path === '/attachments/refresh-urls') return refreshUrls(world, body);
  const expressions = at(/^\/guilds\/(\d+)\/(emojis|stickers)$/);
  if (method === 'POST' && expressions) {
    const [, guildId = '', kind] = expressions;
    return createExpression(world, guildId, kind === 'emojis' ? 'emoji' : 'sticker', body);
  }
  const commands = at(/^\/applications\/(\d+)\/(?:guilds\/(\d+)\/)?commands$/);
  if (commands) return commandRoute(world, method, commands[2], query, body);
  const messages = at(/^\/channels\/(\d+)\/(messages|typing)(?:\/(\d+))?$/);
  if (messages) return channelRoute(context, method, messages, body);
  throw new ApiError(404, 0, '404: Not Found');
}

function refreshUrls(world: World, body: Body): unknown {
  const { attachment_urls: urls } = body.json as { attachment_urls: string[] };
  return {
    refreshed_urls: urls.map((original) => {
      const { pathname } = new URL(original);
      if (!world.files.has(pathname)) throw new ApiError(400, 50035, 'Invalid Form Body');
      return { original, refreshed: world.sign(pathname) };
    }),
  };
}

function commandRoute(
  world: World,
  method: string,
  guildId: string | undefined,
  query: URLSearchParams,
  body: Body,
): unknown {
  const list = guildId ? (world.guildCommands.get(guildId) ?? []) : world.globalCommands;
  if (method === 'GET') {
    if (query.get('with_localizations') === 'true') return list;
    return list.map(({ name_localizations: _n, description_localizations: _d, ...rest }) => rest);
  }
  if (method !== 'PUT') throw new ApiError(405, 0, '405: Method Not Allowed');
  const stored = (body.json as CommandBody[]).map((command) => storeCommand(world, list, command, guildId));
  if (guildId) world.guildCommands.set(guildId, stored);
  else world.globalCommands.splice(0, Number.POSITIVE_INFINITY, ...stored);
  return stored;
}

/** What Discord makes of a registered command: ids, defaults filled in, nulls where nothing was given. */
function storeCommand(
  world: World,
  list: readonly StoredCommand[],
  command: CommandBody,
  guildId: string | undefined,
): StoredCommand {
  const type = command.type ?? 1;
  const known = list.find((one) => one.name === command.name && one.type === type);
  return {
    name_localizations: null,
    description_localizations: null,
    default_member_permissions: null,
    nsfw: false,
    contexts: null,
    integration_types: [0],
    description: '',
    ...command,
    type,
    id: known?.id ?? world.id(),
    application_id: world.application.id,
    version: world.id(),
    ...(guildId ? { guild_id: guildId } : { dm_permission: true }),
  } as unknown as StoredCommand;
}

function channelRoute(context: RestContext, method: string, parts: RegExpExecArray, body: Body): unknown {
  const { world } = context;
  const channel = world.channels.get(parts[1] as string);
  if (!channel) throw new ApiError(404, 10003, 'Unknown Channel');
  // The bot is not in private group channels, and only in the guilds it was added to.
  if (channel.kind === 'private' || (channel.guildId && !world.guilds.has(channel.guildId))) {
    throw new ApiError(403, 50001, 'Missing Access');
  }
  if (parts[2] === 'typing') return undefined;
  const given = (body.json ?? {}) as {
    nonce?: string;
    enforce_nonce?: boolean;
    message_reference?: { message_id: string; fail_if_not_exists?: boolean };
  };
  if (method === 'POST') {
    if (channel.userId && world.closedDms.has(channel.userId)) {
      throw new ApiError(403, 50007, 'Cannot send messages to this user');
    }
    const nonce = given.enforce_nonce ? `${channel.id} ${given.nonce}` : undefined;
    const earlier = nonce === undefined ? undefined : world.messages.get(world.nonces.get(nonce) ?? '');
    if (earlier) return earlier;
    const reference = given.message_reference;
    const referenced = reference ? world.messages.get(reference.message_id) : undefined;
    if (reference && !referenced && reference.fail_if_not_exists !== false) {
      throw new ApiError(400, 50035, 'Invalid Form Body');
    }
    const message = world.message(world.bot, channel.id, {
      ...(referenced ? { referenced_message: referenced } : {}),
      ...(reference && referenced
        ? { message_reference: { type: 0, channel_id: channel.id, message_id: reference.message_id } }
        : {}),
    });
    try {
      applyBody(world, message, body, false);
    } catch (error) {
      world.messages.delete(message.id);
      throw error;
    }
    if (nonce !== undefined) world.nonces.set(nonce, message.id);
    context.dispatchMessage(message);
    return message;
  }
  const message = world.messages.get(parts[3] ?? '');
  if (message?.channel_id !== channel.id) throw new ApiError(404, 10008, 'Unknown Message');
  if (method === 'GET') return visible(world, message);
  if (message.author.id !== world.bot.id) throw new ApiError(403, 50005, 'Cannot edit a message by another');
  if (method === 'DELETE') {
    world.messages.delete(message.id);
    return undefined;
  }
  if (method === 'PATCH') {
    applyBody(world, message, body, true);
    return message;
  }
  throw new ApiError(405, 0, '405: Method Not Allowed');
}

/**
 * A message as an app without the MESSAGE_CONTENT intent sees it: whole in direct messages, when it mentions the app
 * or is its own; else without text, files and embeds. The message it replies to is judged by itself.
 */
export function visible(world: World, message: APIMessage): APIMessage {
  const channel = world.channels.get(message.channel_id);
  const referenced = message.referenced_message;
  const seen = referenced ? { ...message, referenced_message: visible(world, referenced) } : message;
  const whole =
    channel?.kind === 'dm' ||
    message.author.id === world.bot.id ||
    message.mentions.some((user) => user.id === world.bot.id);
  if (whole) return seen;
  return {
    ...seen,
    content: '',
    attachments: [],
    embeds: [],
    components: [],
    flags: seen.flags ?? (0 as MessageFlags),
  };
}
