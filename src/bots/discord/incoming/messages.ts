/**
 * Direct messages and mentions. Without the MESSAGE_CONTENT intent exactly these arrive whole; every other message of
 * a server comes empty and is ignored.
 */
import { type GatewayMessageCreateDispatchData, MessageReferenceType, MessageType } from 'discord.js';
import type { Logger } from '../../../observability/logger.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { createTexts, type Locale, type Texts } from '../../../texts/index.ts';
import type { DiscordApi } from '../api.ts';
import { errorKind, loggable } from '../errors.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import { missingText, NO_MENTIONS } from '../reply/render.ts';
import type { AlbumRequest } from './album-request.ts';
import { imagesOf } from './media.ts';
import type { PhotoSubmitter } from './submit-photo.ts';

export interface MessagesOptions {
  readonly api: DiscordApi;
  readonly intake: PhotoSubmitter;
  readonly media: FileDownloader;
  readonly logger: Logger;
  /** Messages carry no language. */
  readonly localeOf: (userId: string) => Locale;
}

export class Messages {
  readonly #options: MessagesOptions;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** @param botId this bot's own user id */
  async handle(message: GatewayMessageCreateDispatchData, botId: string): Promise<void> {
    const { intake, media } = this.#options;
    if (message.author.bot || message.webhook_id) return;
    if (message.type !== MessageType.Default && message.type !== MessageType.Reply) return;
    const isDm = message.guild_id === undefined;
    if (!isDm && !message.mentions.some((user) => user.id === botId)) return;
    const texts = createTexts(this.#options.localeOf(message.author.id));
    let found = imagesOf(message, media.cdn);
    const referenced =
      message.message_reference?.type === MessageReferenceType.Forward
        ? undefined
        : message.referenced_message;
    // Answering one of our own cartoons pings us too; only words meant for us are answered.
    const isAddressed = isDm || new RegExp(`<@!?${botId}>`).test(message.content);
    if (found.images.length === 0 && !isAddressed) return;
    if (found.images.length === 0 && referenced && referenced.author.id !== botId) {
      found = imagesOf(referenced, media.cdn);
      // Discord shows us that message without its photo; the menu of the message is the way.
      if (found.images.length === 0 && !isDm) return this.#say(message, texts.input.useApps, texts);
    }
    if (found.images.length === 0) {
      const hint = isDm ? texts.input.sendPhoto : texts.input.mention;
      const text = { video: texts.input.video, sticker: texts.input.sticker, other: hint }[found.absence];
      return this.#say(message, text, texts);
    }
    if (intake.knows(message.id)) return;
    try {
      intake.charge(message.author.id, message.guild_id, found.images.length);
    } catch (error) {
      const { code, details } = DctoonError.from(error);
      return this.#say(message, texts.error(code, details), texts);
    }
    // The answer follows; that this is not shown is no reason to stop.
    void this.#options.api.typing(message.channel_id).catch(() => {});
    const order: AlbumRequest = {
      id: message.id,
      userId: message.author.id,
      guildId: message.guild_id,
      locale: texts.locale,
      target: { kind: 'message', channelId: message.channel_id, messageId: message.id },
      pictures: [...found.images],
    };
    await intake.accept(order, async () => {});
  }

  async #say(message: GatewayMessageCreateDispatchData, content: string, texts: Texts): Promise<void> {
    const { api, logger } = this.#options;
    try {
      await api.send(message.channel_id, {
        content,
        allowed_mentions: NO_MENTIONS,
        message_reference: { message_id: message.id, fail_if_not_exists: false },
        nonce: `dc-${message.id}`,
        enforce_nonce: true,
      });
    } catch (error) {
      if (errorKind(error) === 'forbidden') {
        const dm = await api.openDm(message.author.id).catch(() => undefined);
        if (dm)
          await api.send(dm, { content: missingText(texts), allowed_mentions: NO_MENTIONS }).catch(() => {});
      }
      logger.info(loggable(error), 'discord message not answered');
    }
  }
}
