/** "Add to this server": a sticker or emoji of ours becomes one of the server's, where the person and the app may do that. */
import type { APIMessageComponentInteraction } from 'discord.js';
import sharp from 'sharp';
import type { Logger } from '../../../observability/logger.ts';
import type { Texts } from '../../../texts/index.ts';
import type { DiscordApi } from '../api.ts';
import { errorKind, loggable } from '../errors.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import { lookOfFile, NO_MENTIONS } from '../reply/render.ts';
import { type Acknowledge, deferral, ephemeral } from './acknowledge.ts';
import { fromAttachment } from './media.ts';
import { missingForExpressions } from './permissions.ts';
import { interactionTarget } from './targets.ts';

export interface ServerExpressionsOptions {
  readonly api: DiscordApi;
  readonly media: FileDownloader;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Side of a server's sticker, in pixels (discord.com/developers, "Create Guild Sticker"). */
const STICKER_SIDE = 320;
/** Longest name of an emoji, and nearly that of a sticker. */
const NAME_LENGTH = 30;
const DOWNLOAD_MS = 15_000;

export class ServerExpressions {
  readonly #options: ServerExpressionsOptions;

  constructor(options: ServerExpressionsOptions) {
    this.#options = options;
  }

  async add(
    interaction: APIMessageComponentInteraction,
    texts: Texts,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { api, now } = this.#options;
    const { expressions } = texts;
    const [attachment] = interaction.message.attachments;
    const look = attachment && lookOfFile(attachment.filename);
    const guildId = interaction.guild_id;
    if (!attachment || !look || guildId === undefined) return acknowledge(ephemeral(texts.input.sourceGone));
    const missing = api.hasToken ? missingForExpressions(interaction) : 'app';
    if (missing) {
      const why = missing === 'person' ? expressions.youMayNot : expressions.iMayNot;
      return acknowledge(ephemeral(`${why} ${expressions.byHand}`));
    }
    await acknowledge(deferral(true));
    const content = await this.#create(guildId, fromAttachment(attachment), look, texts).catch(
      (error: unknown) => {
        this.#options.logger.info(loggable(error), 'discord took no emoji or sticker');
        const kind = errorKind(error);
        if (kind === 'full') return expressions.full;
        return kind === 'forbidden' ? `${expressions.iMayNot} ${expressions.byHand}` : expressions.failed;
      },
    );
    const target = interactionTarget(interaction, { isPrivate: true, now: now() });
    await api.editOriginal(target, { content, allowed_mentions: NO_MENTIONS });
  }

  /** The sentence that says what was made. */
  async #create(
    guildId: string,
    file: ReturnType<typeof fromAttachment>,
    { style, as }: NonNullable<ReturnType<typeof lookOfFile>>,
    texts: Texts,
  ): Promise<string> {
    const { api, media } = this.#options;
    const bytes = await media.fetch(file, AbortSignal.timeout(DOWNLOAD_MS));
    const name = `dctoon_${style.replace(/[^a-z0-9]/gi, '_')}`.slice(0, NAME_LENGTH);
    if (as === 'emoji') {
      await api.createEmoji(guildId, name, bytes);
      return texts.expressions.emojiAdded({ name });
    }
    const transparent = { r: 0, g: 0, b: 0, alpha: 0 };
    const square = await sharp(bytes)
      .resize(STICKER_SIDE, STICKER_SIDE, { fit: 'contain', background: transparent })
      .png({ palette: true })
      .toBuffer();
    const description = texts.result.alt({ style }).slice(0, 100);
    await api.createSticker(guildId, { name, description, tags: '🙂' }, square);
    return texts.expressions.stickerAdded({ name });
  }
}
