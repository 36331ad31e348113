/**
 * Commands, menus and buttons. Works on Discord's own payloads rather than on discord.js' objects, because the same
 * interactions arrive over the gateway and over the HTTP endpoint.
 */
import {
  type APIAttachment,
  type APIChatInputApplicationCommandInteraction,
  type APIInteraction,
  type APIMessageApplicationCommandInteraction,
  type APIUser,
  type APIUserApplicationCommandInteraction,
  ApplicationCommandType,
  InteractionType,
} from 'discord.js';
import type { ImageFormat } from '../../../inference/types.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { createTexts, type Locale, localeOf, type Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { commandNames } from '../commands.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import { userOf } from '../reply/messenger.ts';
import type { ImageInput } from '../types.ts';
import { type Acknowledge, deferral, ephemeral, requesterOf } from './acknowledge.ts';
import type { AlbumRequest } from './album-request.ts';
import type { Callbacks } from './callbacks.ts';
import { avatarOf, fromAttachment, imagesOf } from './media.ts';
import { missingForFiles } from './permissions.ts';
import type { StyleSheet } from './style-sheet.ts';
import type { PhotoSubmitter } from './submit-photo.ts';
import { interactionTarget } from './targets.ts';

export interface InteractionsOptions {
  readonly conversation: Conversation;
  readonly intake: PhotoSubmitter;
  readonly media: FileDownloader;
  readonly components: Callbacks;
  readonly styleSheet: StyleSheet;
  readonly keepMinutes: number;
  readonly now: () => number;
  /** Messages carry no language; it is remembered from the person's interactions. */
  readonly rememberLocale: (userId: string, locale: Locale) => void;
}

type CommandInteraction =
  | APIChatInputApplicationCommandInteraction
  | APIMessageApplicationCommandInteraction
  | APIUserApplicationCommandInteraction;

export class Interactions {
  readonly #options: InteractionsOptions;
  readonly #names = commandNames();

  constructor(options: InteractionsOptions) {
    this.#options = options;
  }

  async handle(interaction: APIInteraction, acknowledge: Acknowledge): Promise<void> {
    if (interaction.type === InteractionType.Ping) return;
    const locale = 'locale' in interaction ? localeOf(interaction.locale) : 'en';
    this.#options.rememberLocale(requesterOf(interaction).id, locale);
    const texts = createTexts(locale);
    if (interaction.type === InteractionType.MessageComponent) {
      return this.#options.components.handle(interaction, texts, acknowledge);
    }
    if (interaction.type !== InteractionType.ApplicationCommand) return;
    const { data } = interaction;
    switch (data.type) {
      case ApplicationCommandType.ChatInput:
        return this.#slash(interaction as APIChatInputApplicationCommandInteraction, texts, acknowledge);
      case ApplicationCommandType.Message:
        return this.#messageMenu(interaction as APIMessageApplicationCommandInteraction, texts, acknowledge);
      case ApplicationCommandType.User:
        return this.#userMenu(interaction as APIUserApplicationCommandInteraction, texts, acknowledge);
      default:
        return;
    }
  }

  async #slash(
    interaction: APIChatInputApplicationCommandInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { conversation, keepMinutes, styleSheet } = this.#options;
    switch (interaction.data.name) {
      case this.#names.cartoonize:
        return this.#cartoonize(interaction, texts, acknowledge);
      case this.#names.help:
        return acknowledge(ephemeral(texts.help.discord));
      case this.#names.privacy:
        return acknowledge(ephemeral(texts.privacy({ keepMinutes })));
      case this.#names.styles:
        return styleSheet.show(interaction, texts, acknowledge);
      case this.#names.style: {
        const id = optionsOf(interaction).text('style');
        const style = conversation.styles.find((one) => one.id === id);
        if (!style) return acknowledge(ephemeral(texts.error('unknown_style')));
        await acknowledge(ephemeral(texts.style.set({ style: texts.styleTitle(style) })));
        return conversation.setStyle(userOf(requesterOf(interaction).id), style.id);
      }
      default:
        return acknowledge(ephemeral(texts.help.discord));
    }
  }

  /** All that is given is drawn: a picture, a link, an avatar, in this order. */
  async #cartoonize(
    interaction: APIChatInputApplicationCommandInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { media } = this.#options;
    const options = optionsOf(interaction);
    const images: ImageInput[] = [];
    const attachment = options.attachment('image');
    if (attachment) images.push(fromAttachment(attachment));
    const link = options.text('link')?.trim();
    if (link) {
      if (!media.isAllowed(link)) return acknowledge(ephemeral(texts.input.linkNotAllowed));
      images.push({ url: link, spoiler: new URL(link).pathname.includes('/SPOILER_') });
    }
    const user = options.user('user');
    if (user) images.push(this.#avatar(interaction, user));
    const hidden = options.flag('spoiler') ?? false;
    return this.#order(interaction, texts, acknowledge, {
      images: images.map((image) => ({ ...image, spoiler: image.spoiler || hidden })),
      absent: texts.error('no_photo'),
      style: options.text('style'),
      format: options.text('format') === 'png' ? 'png' : undefined,
      isPrivate: options.flag('private') ?? false,
    });
  }

  async #messageMenu(
    interaction: APIMessageApplicationCommandInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const message = interaction.data.resolved.messages[interaction.data.target_id];
    if (!message) return acknowledge(ephemeral(texts.error('no_photo')));
    const { images, absence } = imagesOf(message, this.#options.media.cdn);
    const absent = {
      video: texts.input.video,
      sticker: texts.input.sticker,
      other: texts.error('no_photo'),
    }[absence];
    return this.#order(interaction, texts, acknowledge, { images, absent });
  }

  async #userMenu(
    interaction: APIUserApplicationCommandInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const user = interaction.data.resolved.users[interaction.data.target_id];
    const images = user ? [this.#avatar(interaction, user)] : [];
    return this.#order(interaction, texts, acknowledge, { images, absent: texts.error('no_photo') });
  }

  #avatar(interaction: CommandInteraction, user: APIUser): ImageInput {
    const { resolved } = interaction.data as {
      resolved?: { members?: Record<string, { avatar?: string | null }> };
    };
    const member = interaction.guild_id
      ? { guildId: interaction.guild_id, avatar: resolved?.members?.[user.id]?.avatar }
      : undefined;
    return avatarOf(user, this.#options.media.cdn, member);
  }

  async #order(
    interaction: CommandInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
    wish: {
      readonly images: readonly ImageInput[];
      readonly absent: string;
      readonly style?: string | undefined;
      readonly format?: ImageFormat | undefined;
      readonly isPrivate?: boolean;
    },
  ): Promise<void> {
    const { intake, now } = this.#options;
    if (wish.images.length === 0) return acknowledge(ephemeral(wish.absent));
    const missing = missingForFiles(interaction, texts);
    if (missing) return acknowledge(ephemeral(missing));
    const userId = requesterOf(interaction).id;
    try {
      intake.charge(userId, interaction.guild_id, wish.images.length);
    } catch (error) {
      const { code, details } = DctoonError.from(error);
      return acknowledge(ephemeral(texts.error(code, details)));
    }
    const isPrivate = wish.isPrivate ?? false;
    const order: AlbumRequest = {
      id: interaction.id,
      userId,
      guildId: interaction.guild_id,
      locale: texts.locale,
      target: interactionTarget(interaction, { isPrivate, now: now() }),
      pictures: [...wish.images],
      style: wish.style,
      format: wish.format,
      fileLimit: interaction.attachment_size_limit,
    };
    await intake.accept(order, () => acknowledge(deferral(isPrivate)));
  }
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
  const value = <T>(name: string, type: 'string' | 'boolean'): T | undefined => {
    const found = given.get(name);
    return typeof found === type ? (found as T) : undefined;
  };
  return {
    text: (name: string) => value<string>(name, 'string'),
    flag: (name: string) => value<boolean>(name, 'boolean'),
    attachment: (name: string): APIAttachment | undefined =>
      resolved?.attachments?.[value<string>(name, 'string') ?? ''],
    user: (name: string): APIUser | undefined => resolved?.users?.[value<string>(name, 'string') ?? ''],
  };
}
