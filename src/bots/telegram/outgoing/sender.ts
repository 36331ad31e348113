/** Sends messages that belong to a photo: in its topic, as a reply where there is still something to reply to. */
import { type Api, InputFile } from 'grammy';
import type { InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto, Message } from 'grammy/types';
import type { Cartoon } from '../../../inference/types.ts';
import { isPhotoRefused, isSourceGone, movedTo } from '../errors.ts';
import type { Form, TelegramReply } from '../types.ts';

/** Where a message goes; every `TelegramReply` is one. */
export type Place = Pick<TelegramReply, 'chat' | 'message' | 'thread' | 'isProtected' | 'onBehalf'>;

/** A picture to send: fresh bytes, or the id of one that Telegram has. */
export type OutgoingPicture =
  | { readonly cartoon: Cartoon; readonly style: string }
  | { readonly fileId: string };

export interface Extras {
  readonly caption?: string | undefined;
  readonly keyboard?: InlineKeyboardMarkup | undefined;
  /** Hidden until somebody taps on it; photos only. */
  readonly spoiler?: boolean | undefined;
}

/** sendPhoto: at most 10 MB, width + height at most 10000, ratio at most 20 (core.telegram.org/bots/api#sendphoto). */
function fitsAsPhoto({ image, width, height }: Cartoon): boolean {
  const ratio = Math.max(width, height) / Math.max(1, Math.min(width, height));
  return image.length <= 10_000_000 && width + height <= 10_000 && ratio <= 20;
}

/** Parameters that every kind of message has. */
interface CommonParameters {
  message_thread_id?: number;
  reply_parameters?: { message_id: number; allow_sending_without_reply: true };
  reply_markup?: InlineKeyboardMarkup;
  protect_content?: boolean;
  business_connection_id?: string;
}

export class Sender {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  text(place: Place, text: string, keyboard?: InlineKeyboardMarkup): Promise<Message> {
    return this.#reply(place, keyboard, (chat, common) =>
      this.#api.sendMessage(chat, text, { ...common, link_preview_options: { is_disabled: true } }),
    );
  }

  /** Sends a picture in the form asked for; as a file when Telegram would not take it as a photo. */
  picture(place: Place, picture: OutgoingPicture, form: Form, extras: Extras): Promise<Message> {
    return this.#inForm(picture, form, (actual) => {
      const caption = extras.caption === undefined ? {} : { caption: extras.caption };
      return this.#reply(place, extras.keyboard, (chat, common) =>
        actual === 'photo'
          ? this.#api.sendPhoto(chat, media(picture), {
              ...common,
              ...caption,
              ...(extras.spoiler && { has_spoiler: true }),
            })
          : this.#api.sendDocument(chat, media(picture), {
              ...common,
              ...caption,
              // Without it Telegram looks inside and may turn the file into something else.
              disable_content_type_detection: true,
            }),
      );
    });
  }

  /** Puts a picture in the place of a message of ours. Repeating it is harmless. */
  replace(
    chat: number,
    message: number,
    picture: OutgoingPicture,
    form: Form,
    extras: Extras,
  ): Promise<Message | true> {
    return this.#inForm(picture, form, (type) => {
      const item: InputMediaPhoto | InputMediaDocument = {
        type,
        media: media(picture),
        ...(type === 'document' ? { disable_content_type_detection: true } : {}),
        ...(type === 'photo' && extras.spoiler ? { has_spoiler: true } : {}),
        ...(extras.caption === undefined ? {} : { caption: extras.caption }),
      } as InputMediaPhoto | InputMediaDocument;
      // An edit without a keyboard would remove the one that is there.
      const other = extras.keyboard ? { reply_markup: extras.keyboard } : {};
      return this.#api.editMessageMedia(chat, message, item, other);
    });
  }

  async #inForm<T>(picture: OutgoingPicture, form: Form, send: (form: Form) => Promise<T>): Promise<T> {
    if (form === 'document' || !('cartoon' in picture)) return send(form);
    if (!fitsAsPhoto(picture.cartoon)) return send('document');
    try {
      return await send('photo');
    } catch (error) {
      if (!isPhotoRefused(error)) throw error;
      return send('document');
    }
  }

  async #reply(
    place: Place,
    keyboard: InlineKeyboardMarkup | undefined,
    send: (chat: number, common: CommonParameters) => Promise<Message>,
  ): Promise<Message> {
    const common: CommonParameters = {
      ...(place.thread === undefined ? {} : { message_thread_id: place.thread }),
      ...(keyboard && !place.onBehalf ? { reply_markup: keyboard } : {}),
      ...(place.isProtected && { protect_content: true }),
      ...(place.onBehalf?.business !== undefined && { business_connection_id: place.onBehalf.business }),
    };
    const asReply: CommonParameters = {
      ...common,
      reply_parameters: { message_id: place.message, allow_sending_without_reply: true },
    };
    try {
      return await send(place.chat, asReply);
    } catch (error) {
      // In forum topics `allow_sending_without_reply` is ignored.
      if (isSourceGone(error)) return send(place.chat, common);
      const chat = movedTo(error);
      if (chat !== undefined) return send(chat, common);
      throw error;
    }
  }
}

/** Buffers, never streams: a stream cannot be sent again. File names are made here, since a hostile one would break the multipart body. */
function media(picture: OutgoingPicture): InputFile | string {
  if ('fileId' in picture) return picture.fileId;
  const { image, format } = picture.cartoon;
  return new InputFile(image, `cartoon-${picture.style}.${format === 'jpeg' ? 'jpg' : format}`);
}
