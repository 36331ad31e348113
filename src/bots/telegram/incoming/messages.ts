/** Messages that people send: each becomes a drawing, an answer in words, or silence. */
import type { Message } from 'grammy/types';
import { type Locale, localeOf, type Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { choiceButtons } from '../outgoing/keyboards.ts';
import type { RateLimiter } from '../outgoing/rate-limiter.ts';
import type { Sender } from '../outgoing/sender.ts';
import { placeOf, requesterOf } from '../places.ts';
import { styleNamed } from '../styles.ts';
import { type TelegramReply, userOf } from '../types.ts';
import { Albums } from './albums.ts';
import type { Commands } from './commands.ts';
import { type BotIdentity, type Intent, intentOf } from './intent.ts';
import type { IncomingPhoto } from './media.ts';
import type { PhotoSubmitter } from './submit-photo.ts';
import type { Receipt } from './updates.ts';

export interface MessagesParts {
  readonly conversation: Conversation;
  readonly drawing: PhotoSubmitter;
  readonly commands: Commands;
  readonly outbox: Sender;
  readonly pacing: RateLimiter;
  readonly texts: (locale: Locale) => Texts;
}

/** Words are not worth a longer wait than this. */
const CHATTER_LAG_MS = 10_000;
/** Parts of an album in a group are understood together; after a crash the later ones need the earlier. */
const ALBUM_MS = 10_000;

type DrawAsk = Extract<Intent, { kind: 'draw' }>;

export class Messages {
  readonly #parts: MessagesParts;
  readonly #albums = new Albums();

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  async handle(message: Message, me: BotIdentity, receipt: Receipt): Promise<void> {
    const { commands, outbox, pacing, texts, drawing } = this.#parts;
    const ask = intentOf(message, me);
    if (!ask) return;
    const spoken = texts(localeOf(message.from?.language_code));
    const place = placeOf(message);
    // Chatter that has to wait this long is from somebody who floods, or in a group where answers need the room.
    const isChatter = ask.kind === 'command' || ask.kind === 'hint' || ask.kind === 'refuse';
    if (isChatter && pacing.lag(place.chat) > CHATTER_LAG_MS) return;
    switch (ask.kind) {
      case 'command':
        return commands.handle(ask, message, place, receipt);
      case 'hint':
        receipt.later(outbox.text(place, spoken.input[ask.hint]));
        return;
      case 'refuse':
        receipt.later(
          outbox.text(place, ask.refusal === 'heic' ? spoken.error('heic') : spoken.input[ask.refusal]),
        );
        return;
      case 'albumPart': {
        const style = this.#albums.offer(message);
        if (style === undefined) receipt.keepFor(ALBUM_MS);
        else receipt.later(drawing.draw(order(message, ask.picture, message.message_id, style), receipt));
        return;
      }
      case 'draw':
        return this.#draw(ask, message, spoken, receipt);
    }
  }

  async #draw(ask: DrawAsk, message: Message, spoken: Texts, receipt: Receipt): Promise<void> {
    const { conversation, outbox, drawing } = this.#parts;
    const { styles } = conversation;
    const named = styleNamed(styles, ask.words);
    // "/cartoon anmie" is a slip of the pen; a longer text is just a text.
    if (!named && ask.byCommand && /^\S+$/.test(ask.words)) {
      const current = conversation.styleOf(userOf(requesterOf(message)));
      await outbox.text(
        placeOf(message),
        spoken.error('unknown_style'),
        choiceButtons(styles, current, spoken),
      );
      return;
    }
    const albumStyle = named?.id ?? this.#albums.styleOf(message);
    const style = albumStyle ?? conversation.styleOf(userOf(requesterOf(message)));
    if (message.media_group_id !== undefined) receipt.keepFor(ALBUM_MS);
    receipt.later(drawing.draw(order(message, ask.picture, ask.message, style), receipt));
    for (const part of this.#albums.call(message, style)) {
      const again = intentOf(part, { id: 0, username: '' });
      if (again?.kind === 'albumPart')
        receipt.later(drawing.draw(order(part, again.picture, part.message_id, style), receipt));
    }
  }
}

function order(message: Message, picture: IncomingPhoto, source: number, style: string) {
  const { chat, message_id, media_group_id } = message;
  const reply: TelegramReply = {
    ...placeOf(message),
    message: source,
    form: picture.form,
    requester: requesterOf(message),
    photo: picture.unique,
    // A reply with a command asks for one part of an album only.
    ...(media_group_id !== undefined && source === message_id ? { album: media_group_id } : {}),
  };
  const locale = localeOf(message.from?.language_code);
  return { id: `tg-${chat.id}-${message_id}`, picture, reply, style, locale };
}
