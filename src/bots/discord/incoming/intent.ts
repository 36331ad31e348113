/** Understands commands and messages: what do they ask of the bot? Pure, so that every rule can be read in one place. */
import {
  type APIAttachment,
  type APIChatInputApplicationCommandInteraction,
  type APIInteractionDataResolved,
  type APIMessageApplicationCommandInteraction,
  type APIUser,
  type APIUserApplicationCommandInteraction,
  ApplicationCommandType,
  type GatewayMessageCreateDispatchData,
  MessageReferenceType,
  MessageType,
} from 'discord.js';
import { isStrength } from '../../../inference/drawing/strength.ts';
import { type PhotoFormat, SHAPES, type Shape } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';
import { commandNames } from '../command-definitions.ts';
import type { ImageInput } from '../types.ts';
import { type Absence, avatarOf, fromAttachment, imagesOf, type Source } from './media.ts';

export type CommandInteraction =
  | APIChatInputApplicationCommandInteraction
  | APIMessageApplicationCommandInteraction
  | APIUserApplicationCommandInteraction;

/** Why there is nothing to draw. */
export type Refusal = 'video' | 'sticker' | 'noPhoto' | 'linkNotAllowed';

export interface DrawIntent {
  readonly kind: 'draw';
  /** At least one. */
  readonly images: readonly ImageInput[];
  readonly style?: string | undefined;
  /** Per cent. */
  readonly strength?: number | undefined;
  readonly format?: PhotoFormat | undefined;
  /** Default `photo`. */
  readonly as?: Shape | undefined;
  readonly isPrivate: boolean;
}

export type CommandIntent =
  | DrawIntent
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'chooseStyle'; readonly style: string | undefined }
  | { readonly kind: 'chooseStrength'; readonly percent: number | undefined }
  | { readonly kind: 'help' | 'privacy' | 'styles' };

export type MessageIntent =
  | { readonly kind: 'draw'; readonly images: readonly ImageInput[] }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'hint'; readonly hint: 'sendPhoto' | 'mention' | 'useApps' };

const NAMES = commandNames();

/** What a slash command or a menu asks for; undefined = a kind of command that we never registered. */
export function commandIntent(interaction: CommandInteraction, media: Source): CommandIntent | undefined {
  switch (interaction.data.type) {
    case ApplicationCommandType.ChatInput:
      return slashIntent(interaction as APIChatInputApplicationCommandInteraction, media);
    case ApplicationCommandType.Message:
      return messageMenuIntent(interaction as APIMessageApplicationCommandInteraction, media);
    case ApplicationCommandType.User:
      return userMenuIntent(interaction as APIUserApplicationCommandInteraction, media);
    default:
      return undefined;
  }
}

/** What a message asks for; undefined = nothing, stay silent. @param botId this bot's own user id */
export function messageIntent(
  message: GatewayMessageCreateDispatchData,
  botId: string,
  media: Source,
): MessageIntent | undefined {
  if (message.author.bot || message.webhook_id) return undefined;
  if (message.type !== MessageType.Default && message.type !== MessageType.Reply) return undefined;
  const isDm = message.guild_id === undefined;
  if (!isDm && !message.mentions.some((user) => user.id === botId)) return undefined;
  const own = imagesOf(message, media);
  if (own.images.length > 0) return { kind: 'draw', images: own.images };
  // Answering one of our own cartoons pings us too; only words meant for us are answered.
  if (!isDm && !new RegExp(`<@!?${botId}>`).test(message.content)) return undefined;
  const isForward = message.message_reference?.type === MessageReferenceType.Forward;
  const referenced = isForward ? undefined : message.referenced_message;
  const found = referenced && referenced.author.id !== botId ? imagesOf(referenced, media) : own;
  if (found.images.length > 0) return { kind: 'draw', images: found.images };
  // Discord shows us that message without its photo; the menu of the message is the way.
  if (found !== own && !isDm) return { kind: 'hint', hint: 'useApps' };
  if (found.absence !== 'other') return { kind: 'refuse', refusal: refusalOf(found.absence) };
  return { kind: 'hint', hint: isDm ? 'sendPhoto' : 'mention' };
}

/** A picture of another site has a sentence of its own: sending it again would not help. */
function refusalOf(absence: Exclude<Absence, 'other'>): Refusal {
  return absence === 'foreign' ? 'linkNotAllowed' : absence;
}

export function refusalText(texts: Texts, refusal: Refusal): string {
  return refusal === 'noPhoto' ? texts.error('no_photo') : texts.input[refusal];
}

function slashIntent(interaction: APIChatInputApplicationCommandInteraction, media: Source): CommandIntent {
  switch (interaction.data.name) {
    case NAMES.cartoonize:
      return cartoonizeIntent(interaction, media);
    case NAMES.privacy:
      return { kind: 'privacy' };
    case NAMES.styles:
      return { kind: 'styles' };
    case NAMES.style:
      return { kind: 'chooseStyle', style: optionsOf(interaction).text('style') };
    case NAMES.strength:
      return { kind: 'chooseStrength', percent: optionsOf(interaction).percent('percent') };
    default:
      return { kind: 'help' };
  }
}

/** All that is given is drawn: a picture, a link, an avatar, in this order. */
function cartoonizeIntent(
  interaction: APIChatInputApplicationCommandInteraction,
  media: Source,
): CommandIntent {
  const options = optionsOf(interaction);
  const images: ImageInput[] = [];
  const attachment = options.attachment('image');
  if (attachment) images.push(fromAttachment(attachment));
  const link = options.text('link')?.trim();
  if (link) {
    if (!media.isAllowed(link)) return { kind: 'refuse', refusal: 'linkNotAllowed' };
    images.push({ url: link, spoiler: new URL(link).pathname.includes('/SPOILER_') });
  }
  const user = options.user('user');
  if (user) images.push(avatarIn(interaction, user, media));
  const hidden = options.flag('spoiler') ?? false;
  return drawOrRefuse(
    images.map((image) => ({ ...image, spoiler: image.spoiler || hidden })),
    {
      style: options.text('style'),
      strength: options.percent('strength'),
      as: SHAPES.find((shape) => shape === options.text('as')),
      format: options.text('format') === 'png' ? 'png' : undefined,
      isPrivate: options.flag('private') ?? false,
    },
  );
}

function messageMenuIntent(
  interaction: APIMessageApplicationCommandInteraction,
  media: Source,
): CommandIntent {
  const message = interaction.data.resolved.messages[interaction.data.target_id];
  if (!message) return { kind: 'refuse', refusal: 'noPhoto' };
  const { images, absence } = imagesOf(message, media);
  return images.length === 0 && absence !== 'other'
    ? { kind: 'refuse', refusal: refusalOf(absence) }
    : drawOrRefuse(images, { isPrivate: false });
}

function userMenuIntent(interaction: APIUserApplicationCommandInteraction, media: Source): CommandIntent {
  const user = interaction.data.resolved.users[interaction.data.target_id];
  return drawOrRefuse(user ? [avatarIn(interaction, user, media)] : [], { isPrivate: false });
}

function drawOrRefuse(
  images: readonly ImageInput[],
  options: Omit<DrawIntent, 'kind' | 'images'>,
): CommandIntent {
  return images.length > 0 ? { kind: 'draw', images, ...options } : { kind: 'refuse', refusal: 'noPhoto' };
}

/** The avatar somebody has in this server, if it is a server. */
function avatarIn(interaction: CommandInteraction, user: APIUser, media: Source): ImageInput {
  const { resolved } = interaction.data as { resolved?: Pick<APIInteractionDataResolved, 'members'> };
  const member = interaction.guild_id
    ? { guildId: interaction.guild_id, avatar: resolved?.members?.[user.id]?.avatar }
    : undefined;
  return avatarOf(user, media.cdn, member);
}

/** The given options by the keys of our text table, whose English names are the registered ones. */
function optionsOf(interaction: APIChatInputApplicationCommandInteraction) {
  const { resolved } = interaction.data;
  const given = new Map<string, unknown>(
    (interaction.data.options ?? []).map((option) => [
      option.name,
      'value' in option ? option.value : undefined,
    ]),
  );
  const value = <T>(name: string, type: 'string' | 'boolean' | 'number'): T | undefined => {
    const found = given.get(name);
    return typeof found === type ? (found as T) : undefined;
  };
  return {
    text: (name: string) => value<string>(name, 'string'),
    flag: (name: string) => value<boolean>(name, 'boolean'),
    /** undefined also where the number is no strength. */
    percent: (name: string) => {
      const percent = value<number>(name, 'number');
      return percent !== undefined && isStrength(percent) ? percent : undefined;
    },
    attachment: (name: string): APIAttachment | undefined =>
      resolved?.attachments?.[value<string>(name, 'string') ?? ''],
    user: (name: string): APIUser | undefined => resolved?.users?.[value<string>(name, 'string') ?? ''],
  };
}
