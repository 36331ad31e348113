/**
 * Direct messages and mentions. Without the MESSAGE_CONTENT intent exactly these arrive whole; every other message of
 * a server comes empty and is ignored.
 */
import type { GatewayMessageCreateDispatchData } from 'discord.js';
import type { Logger } from '../../../observability/logger.ts';
import { createTexts, type Locale, type Texts } from '../../../texts/index.ts';
import type { DiscordApi } from '../api.ts';
import { errorKind, loggable } from '../errors.ts';
import type { FileDownloader } from '../originals/file-download.ts';
import { missingText, NO_MENTIONS } from '../reply/render.ts';
import type { ImageInput } from '../types.ts';
import type { AlbumReceiver } from './album-receiver.ts';
import { messageIntent, refusalText } from './intent.ts';
import type { Quotas } from './quota.ts';

export interface MessagesOptions {
  readonly api: DiscordApi;
  readonly albums: AlbumReceiver;
  readonly media: FileDownloader;
  readonly quotas: Quotas;
  readonly logger: Logger;
  /** Messages carry no language. */
  readonly localeOf: (userId: string) => Locale;
}

export class Messages {
  readonly #options: MessagesOptions;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /** Never rejects. @param botId this bot's own user id */
  async handle(message: GatewayMessageCreateDispatchData, botId: string): Promise<void> {
    try {
      await this.#dispatch(message, botId);
    } catch (error) {
      this.#options.logger.error(loggable(error), 'discord message not handled');
    }
  }

  async #dispatch(message: GatewayMessageCreateDispatchData, botId: string): Promise<void> {
    const { media, localeOf } = this.#options;
    const intent = messageIntent(message, botId, media);
    if (!intent) return;
    const texts = createTexts(localeOf(message.author.id));
    switch (intent.kind) {
      case 'draw':
        return this.#draw(message, intent.images, texts);
      case 'refuse':
        return this.#say(message, refusalText(texts, intent.refusal), texts);
      case 'hint':
        return this.#say(message, texts.input[intent.hint], texts);
    }
  }

  async #draw(
    message: GatewayMessageCreateDispatchData,
    images: readonly ImageInput[],
    texts: Texts,
  ): Promise<void> {
    const { api, albums, quotas } = this.#options;
    if (albums.knows(message.id)) return;
    const requester = { userId: message.author.id, guildId: message.guild_id };
    const refusal = quotas.charge(requester, images.length);
    if (refusal) return this.#say(message, texts.error(refusal.code, refusal.details), texts);
    // The answer follows; that this is not shown is no reason to stop.
    void api.typing(message.channel_id).catch(() => {});
    await albums.accept(
      {
        id: message.id,
        ...requester,
        locale: texts.locale,
        target: { kind: 'message', channelId: message.channel_id, messageId: message.id },
        pictures: [...images],
      },
      async () => {},
    );
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
