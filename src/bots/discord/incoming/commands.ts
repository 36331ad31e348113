/** Slash commands and menus: does what they ask for. */
import type { Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import { userOf } from '../reply/messenger.ts';
import { forgetRow } from '../reply/render.ts';
import { type Acknowledge, deferral, ephemeral, requesterOf } from './acknowledge.ts';
import type { AlbumReceiver } from './album-receiver.ts';
import { type CommandInteraction, commandIntent, type DrawIntent, refusalText } from './intent.ts';
import { missingForFiles } from './permissions.ts';
import type { Quotas } from './quota.ts';
import type { StyleSheet } from './style-sheet.ts';
import { interactionTarget } from './targets.ts';

export interface CommandsOptions {
  readonly conversation: Conversation;
  readonly albums: AlbumReceiver;
  readonly media: FileDownloader;
  readonly quotas: Quotas;
  readonly styleSheet: StyleSheet;
  readonly keepMinutes: number;
  /** Where the page draws on the user's own device, if there is one. */
  readonly onDeviceUrl?: string | undefined;
  readonly now: () => number;
}

export class Commands {
  readonly #options: CommandsOptions;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  async handle(interaction: CommandInteraction, texts: Texts, acknowledge: Acknowledge): Promise<void> {
    const { media, keepMinutes, onDeviceUrl, styleSheet } = this.#options;
    const onDevice = onDeviceUrl === undefined ? '' : `\n${texts.help.onDevice({ url: onDeviceUrl })}`;
    const intent = commandIntent(interaction, media);
    switch (intent?.kind) {
      case 'draw':
        return this.#draw(interaction, intent, texts, acknowledge);
      case 'refuse':
        return acknowledge(ephemeral(refusalText(texts, intent.refusal)));
      case 'chooseStyle':
        return this.#chooseStyle(interaction, intent.style, texts, acknowledge);
      case 'chooseStrength':
        return this.#chooseStrength(interaction, intent.percent, texts, acknowledge);
      case 'styles':
        return styleSheet.show(interaction, texts, acknowledge);
      case 'help':
        return acknowledge(ephemeral(texts.help.discord + onDevice));
      case 'privacy':
        return acknowledge(
          ephemeral(`${texts.privacy({ keepMinutes })}\n${texts.forget.byButton}${onDevice}`, [
            forgetRow(texts),
          ]),
        );
    }
  }

  async #chooseStyle(
    interaction: CommandInteraction,
    id: string | undefined,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { conversation } = this.#options;
    const style = conversation.styles.find((one) => one.id === id);
    if (!style) return acknowledge(ephemeral(texts.error('unknown_style')));
    await acknowledge(ephemeral(texts.style.set({ style: texts.styleTitle(style) })));
    await conversation.setStyle(userOf(requesterOf(interaction).id), style.id);
  }

  async #chooseStrength(
    interaction: CommandInteraction,
    percent: number | undefined,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    if (percent === undefined) return acknowledge(ephemeral(texts.strength.wrong));
    await acknowledge(ephemeral(texts.strength.set({ percent })));
    await this.#options.conversation.setStrength(userOf(requesterOf(interaction).id), percent);
  }

  async #draw(
    interaction: CommandInteraction,
    { images, style, strength, as, format, isPrivate }: DrawIntent,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { albums, quotas, now } = this.#options;
    const missing = missingForFiles(interaction, texts);
    if (missing) return acknowledge(ephemeral(missing));
    const requester = { userId: requesterOf(interaction).id, guildId: interaction.guild_id };
    const refusal = quotas.charge(requester, images.length);
    if (refusal) return acknowledge(ephemeral(texts.error(refusal.code, refusal.details)));
    await albums.accept(
      {
        id: interaction.id,
        ...requester,
        locale: texts.locale,
        target: interactionTarget(interaction, { isPrivate, now: now() }),
        pictures: [...images],
        style,
        strength,
        as,
        format,
        fileLimit: interaction.attachment_size_limit,
      },
      () => acknowledge(deferral(isPrivate)),
    );
  }
}
