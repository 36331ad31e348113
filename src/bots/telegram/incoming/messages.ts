/** Messages that people send: each becomes a photo request, an answer in words, or silence. */
import type { Message } from 'grammy/types';
import { styleNamed } from '../../../inference/models/style-names.ts';
import type { Shape } from '../../../inference/types.ts';
import { type Locale, localeOf, type Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { choiceButtons, stickerButtons } from '../outgoing/keyboards.ts';
import type { RateLimiter } from '../outgoing/rate-limiter.ts';
import type { Sender } from '../outgoing/sender.ts';
import type { StickerSets } from '../stickers/sticker-sets.ts';
import { userOf } from '../types.ts';
import { Albums } from './albums.ts';
import type { Commands } from './commands.ts';
import { type BotIdentity, type Intent, intentOf, isOnBehalf } from './intent.ts';
import type { IncomingPhoto } from './media.ts';
import { photoReply, placeOf, requesterOf } from './reply-target.ts';
import type { PhotoSubmitter, TelegramPhotoRequest } from './submit-photo.ts';
import type { Receipt } from './updates.ts';

export interface MessagesParts {
  readonly conversation: Conversation;
  readonly submitter: PhotoSubmitter;
  readonly commands: Commands;
  readonly sender: Sender;
  readonly rateLimiter: RateLimiter;
  readonly stickerSets: StickerSets;
  readonly texts: (locale: Locale) => Texts;
  /** Whether a business account lets us answer its messages. */
  readonly mayAnswer: (connection: string) => Promise<boolean>;
}

/** Answers in words are not worth a longer wait than this. */
const WORDS_LAG_MS = 10_000;
/** Parts of an album in a group are understood together; after a crash the later ones need the earlier. */
const ALBUM_MS = 10_000;

type DrawIntent = Extract<Intent, { kind: 'draw' }>;

export class Messages {
  readonly #parts: MessagesParts;
  readonly #albums = new Albums();

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  async handle(message: Message, me: BotIdentity, receipt: Receipt): Promise<void> {
    const { commands, sender, rateLimiter, submitter } = this.#parts;
    const intent = intentOf(message, me);
    if (!intent) return;
    const { business_connection_id: business } = message;
    if (business !== undefined && !(await this.#parts.mayAnswer(business))) return;
    const texts = this.#parts.texts(localeOf(message.from?.language_code));
    const place = placeOf(message);
    // Words that have to wait this long are for somebody who floods, or in a group where cartoons need the room.
    const isWords = intent.kind === 'command' || intent.kind === 'hint' || intent.kind === 'refuse';
    if (isWords && rateLimiter.lag(place.chat) > WORDS_LAG_MS) return;
    switch (intent.kind) {
      case 'command':
        return commands.handle(intent, message, place, receipt);
      case 'hint':
        receipt.later(sender.text(place, texts.input[intent.hint]));
        return;
      case 'refuse': {
        const { refusal } = intent;
        receipt.later(sender.text(place, refusal === 'heic' ? texts.error('heic') : texts.input[refusal]));
        return;
      }
      case 'albumPart': {
        const style = this.#albums.offer(message);
        if (style === undefined) receipt.keepFor(ALBUM_MS);
        else
          receipt.later(
            submitter.submit(requestOf(message, intent.photo, message.message_id, style), receipt),
          );
        return;
      }
      case 'ownSticker': {
        const owner = requesterOf(message);
        const set = this.#parts.stickerSets.numberOf(owner, intent.set);
        if (set !== undefined) {
          const keyboard = stickerButtons(owner, { set, unique: intent.unique }, texts);
          receipt.later(sender.text(place, texts.stickers.yours, keyboard));
          return;
        }
        // Somebody else's is a picture like any other.
        const { photo } = intent;
        const drawn = {
          photo,
          message: message.message_id,
          words: '',
          byCommand: false,
          as: 'photo',
        } as const;
        return this.#draw({ kind: 'draw', ...drawn }, message, texts, receipt);
      }
      case 'draw':
        return this.#draw(intent, message, texts, receipt);
    }
  }

  async #draw(intent: DrawIntent, message: Message, texts: Texts, receipt: Receipt): Promise<void> {
    const { conversation, sender, submitter } = this.#parts;
    const { styles } = conversation;
    const named = styleNamed(styles, intent.words);
    const isQuiet = isOnBehalf(message);
    // "/cartoon anmie" is a mistyped style; a longer text is just a text.
    if (!named && !isQuiet && intent.byCommand && /^\S+$/.test(intent.words)) {
      const current = conversation.styleOf(userOf(requesterOf(message)));
      await sender.text(
        placeOf(message),
        texts.error('unknown_style'),
        choiceButtons(styles, current, texts),
      );
      return;
    }
    const albumStyle = named?.id ?? this.#albums.styleOf(message);
    const style = albumStyle ?? conversation.styleOf(userOf(requesterOf(message)));
    if (message.media_group_id !== undefined) receipt.keepFor(ALBUM_MS);
    receipt.later(
      submitter.submit(requestOf(message, intent.photo, intent.message, style, intent.as), receipt),
    );
    for (const part of this.#albums.call(message, style)) {
      const waiting = intentOf(part, { id: 0, username: '' });
      if (waiting?.kind === 'albumPart')
        receipt.later(submitter.submit(requestOf(part, waiting.photo, part.message_id, style), receipt));
    }
  }
}

function requestOf(
  message: Message,
  photo: IncomingPhoto,
  source: number,
  style: string,
  as: Shape = 'photo',
): TelegramPhotoRequest {
  return {
    // The chat of a business with a customer has the customer's id, as the customer's own chat with the bot.
    id: `tg-${message.business_connection_id === undefined ? '' : 'b-'}${message.chat.id}-${message.message_id}`,
    photo,
    reply: photoReply(message, photo, source, as),
    style,
    ...(as !== 'photo' && { as }),
    locale: localeOf(message.from?.language_code),
  };
}
