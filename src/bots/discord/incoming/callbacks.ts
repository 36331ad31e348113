/** Presses of our buttons and menus. Stateless: the custom_id says what is meant, also after a restart. */
import {
  type APIMessage,
  type APIMessageComponentInteraction,
  ComponentType,
  InteractionResponseType,
  MessageFlags,
} from 'discord.js';
import type { Shape } from '../../../inference/types.ts';
import { DctoonError } from '../../../shared/errors.ts';
import type { Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import type { DiscordApi, MessageBody } from '../api.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import type { OriginalStore } from '../originals/original-store.ts';
import { decodeCallbackData } from '../reply/callback-data.ts';
import type { DiscordMessenger } from '../reply/messenger.ts';
import { lookOfFile, NO_MENTIONS } from '../reply/render.ts';
import type { ImageInput } from '../types.ts';
import { type Acknowledge, deferral, ephemeral, requesterOf } from './acknowledge.ts';
import type { AlbumReceiver } from './album-receiver.ts';
import type { Wanted } from './album-request.ts';
import { fromAttachment, imagesOf } from './media.ts';
import { missingForFiles } from './permissions.ts';
import type { Quotas } from './quota.ts';
import type { ServerExpressions } from './server-expressions.ts';
import { interactionTarget } from './targets.ts';
import type { UserData } from './user-data.ts';

export interface CallbacksOptions {
  readonly api: DiscordApi;
  readonly conversation: Conversation;
  readonly albums: AlbumReceiver;
  readonly messenger: DiscordMessenger;
  readonly media: FileDownloader;
  readonly originals: OriginalStore;
  readonly quotas: Quotas;
  readonly userData: UserData;
  readonly expressions: ServerExpressions;
  readonly now: () => number;
}

export class Callbacks {
  readonly #options: CallbacksOptions;

  constructor(options: CallbacksOptions) {
    this.#options = options;
  }

  async handle(
    interaction: APIMessageComponentInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const press = decodeCallbackData(interaction.data.custom_id);
    if (press?.action === 'cancel') return this.#cancel(interaction, press.argument, texts, acknowledge);
    if (press?.action === 'again') return this.#again(interaction, press.argument, texts, acknowledge);
    if (press?.action === 'forget') return this.#forget(interaction, texts, acknowledge);
    if (press?.action === 'add') return this.#options.expressions.add(interaction, texts, acknowledge);
    if (press) return this.#again(interaction, press.argument, texts, acknowledge, press.action);
    // A component of an older version of dctoon, or a forged one: nothing happens, visibly.
    return acknowledge({ type: InteractionResponseType.DeferredMessageUpdate });
  }

  async #cancel(
    interaction: APIMessageComponentInteraction,
    group: string,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { api, messenger, now } = this.#options;
    const userId = requesterOf(interaction).id;
    const owner = interaction.message.interaction_metadata?.user.id ?? (await messenger.requester(group));
    if (owner !== undefined && owner !== userId) return acknowledge(ephemeral(texts.cancel.onlyRequester));
    await acknowledge({ type: InteractionResponseType.DeferredMessageUpdate });
    if (await messenger.cancel(group, userId)) return;
    await api.sendEphemeral(
      interactionTarget(interaction, { isPrivate: true, now: now() }),
      texts.cancel.tooLate,
    );
  }

  /** Whoever presses deletes what is stored about themselves, and reads what that was. */
  async #forget(
    interaction: APIMessageComponentInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { api, userData, now } = this.#options;
    await acknowledge(deferral(true));
    const content = await userData.forget(requesterOf(interaction).id).then(
      (deleted) => texts.forget.done(deleted),
      (error: unknown) => texts.error(DctoonError.from(error).code),
    );
    const target = interactionTarget(interaction, { isPrivate: true, now: now() });
    await api.editOriginal(target, { content, allowed_mentions: NO_MENTIONS });
  }

  /**
   * The same photos in another style, or cut to something else, as a new reply: the old one stays, it may be somebody else's.
   * @param cut absent = as they are cut
   */
  async #again(
    interaction: APIMessageComponentInteraction,
    source: string,
    texts: Texts,
    acknowledge: Acknowledge,
    cut?: Shape,
  ): Promise<void> {
    const { api, conversation, albums, originals, quotas, now } = this.#options;
    const [file] = interaction.message.attachments;
    const look = file && lookOfFile(file.filename);
    const chosen =
      interaction.data.component_type === ComponentType.StringSelect ? interaction.data.values[0] : undefined;
    const style = cut === undefined ? chosen : look?.style;
    const as = cut ?? look?.as;
    if (!conversation.styles.some((one) => one.id === style)) {
      return acknowledge(ephemeral(texts.error('unknown_style')));
    }
    const missing = missingForFiles(interaction, texts);
    if (missing) return acknowledge(ephemeral(missing));
    const { message } = interaction;
    const parts = await originals.parts(source);
    const answersMessage = message.message_reference?.message_id !== undefined;
    if (parts.length === 0 && !answersMessage) return this.#originalGone(interaction, texts, acknowledge);
    const requester = { userId: requesterOf(interaction).id, guildId: interaction.guild_id };
    const refusal = quotas.charge(requester, Math.max(1, parts.length));
    if (refusal) return acknowledge(ephemeral(texts.error(refusal.code, refusal.details)));
    const isPrivate = ((message.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
    const target = interactionTarget(interaction, { isPrivate, now: now() });
    const hasPictures = await albums.accept(
      {
        id: interaction.id,
        ...requester,
        locale: texts.locale,
        target,
        pictures: keptPictures(message, parts),
        style,
        as,
        fileLimit: interaction.attachment_size_limit,
        ...(parts.length > 0 ? { source } : {}),
      },
      () => acknowledge(deferral(isPrivate)),
      parts.length > 0 ? undefined : () => this.#refetched(message),
    );
    if (hasPictures) return;
    quotas.refund(requester);
    await api.editOriginal(target, { content: texts.input.sourceGone, allowed_mentions: NO_MENTIONS });
    return this.#disable(message);
  }

  /** In direct messages and after mentions the photo's own message may still be there, and readable. */
  async #refetched(message: APIMessage): Promise<readonly ImageInput[]> {
    const { api, media } = this.#options;
    const reference = message.message_reference;
    if (!reference?.message_id || !api.hasToken) return [];
    const original = await api.message(reference.channel_id, reference.message_id).catch(() => undefined);
    return original ? imagesOf(original, media).images : [];
  }

  async #originalGone(
    interaction: APIMessageComponentInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    await acknowledge({
      type: InteractionResponseType.UpdateMessage,
      data: { components: disabled(interaction.message) },
    });
    const target = interactionTarget(interaction, { isPrivate: true, now: this.#options.now() });
    await this.#options.api.sendEphemeral(target, texts.input.sourceGone);
  }

  async #disable(message: APIMessage): Promise<void> {
    await this.#options.api
      .edit(message.channel_id, message.id, { components: disabled(message) })
      .catch(() => {});
  }
}

function keptPictures(message: APIMessage, parts: readonly number[]): Wanted[] {
  // What was hidden stays hidden; which of several pictures it was is not remembered.
  const spoiler = message.attachments.some((attachment) => fromAttachment(attachment).spoiler);
  return parts.map((kept) => ({ kept, spoiler }));
}

/** The rows of a message, not to be pressed any more. */
function disabled(message: APIMessage): NonNullable<MessageBody['components']> {
  return (message.components ?? []).map((row) =>
    row.type === ComponentType.ActionRow
      ? { ...row, components: row.components.map((component) => ({ ...component, disabled: true })) }
      : row,
  ) as NonNullable<MessageBody['components']>;
}
