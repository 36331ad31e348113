/** The buttons that put a sticker into a person's set, choose its emoji, and take it out again. */
import type { Api } from 'grammy';
import type { CallbackQuery, Message } from 'grammy/types';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../../observability/logger.ts';
import { Serial } from '../../../shared/serial.ts';
import type { Texts } from '../../../texts/index.ts';
import { describe, isStaleEdit, isStranger } from '../errors.ts';
import type { CallbackData } from '../outgoing/callback-data.ts';
import { stickerButtons } from '../outgoing/keyboards.ts';
import type { Sender } from '../outgoing/sender.ts';
import { DEFAULT_EMOJI, STICKER_EMOJI } from '../stickers/sticker-emoji.ts';
import type { StickerSets } from '../stickers/sticker-sets.ts';
import { placeOf } from './reply-target.ts';
import type { Receipt } from './updates.ts';

export interface StickerButtonsParts {
  readonly api: Api;
  readonly sender: Sender;
  readonly sets: StickerSets;
  readonly fetchFile: (fileId: string, signal: AbortSignal) => Promise<Uint8Array>;
  /** The bot's user name. */
  readonly bot: () => string;
  readonly logger: Logger;
}

export type StickerPress = Extract<CallbackData, { kind: 'addSticker' | 'stickerEmoji' | 'removeSticker' }>;
/** Answers a press, or says why not. */
export type Answer = (text?: string) => Promise<void>;

/** Presses and people that are remembered; the oldest are forgotten beyond. */
const MOST_REMEMBERED = 5000;

export class StickerButtons {
  readonly #parts: StickerButtonsParts;
  /** Stickers that were added lately, by person and message: a second press adds no second one. */
  readonly #added = new LRUCache<string, true>({ max: MOST_REMEMBERED });
  /** One after the other for a person, so that the newest sticker of a set is the one that was just added. */
  readonly #turns = new LRUCache<number, Serial>({ max: MOST_REMEMBERED });

  constructor(parts: StickerButtonsParts) {
    this.#parts = parts;
  }

  /** After a kill in the middle a press is handled again; Telegram adds the same sticker to a set once only. */
  async handle(
    query: CallbackQuery,
    data: StickerPress,
    texts: Texts,
    answer: Answer,
    alert: (text: string) => Promise<void>,
    receipt: Receipt,
  ): Promise<void> {
    const message = query.message?.date ? (query.message as Message) : undefined;
    if (!message) return alert(texts.input.sourceGone);
    try {
      if (data.kind === 'addSticker') return await this.#add(query, message, texts, answer, alert, receipt);
      await this.#change(query, message, data, texts, answer, alert);
    } catch (error) {
      const { bot, logger } = this.#parts;
      if (isStranger(error)) return alert(texts.stickers.startFirst({ bot: bot() }));
      logger.warn({ reason: describe(error) }, 'A sticker set was not changed');
      await alert(texts.stickers.failed);
    }
  }

  async #add(
    query: CallbackQuery,
    message: Message,
    texts: Texts,
    answer: Answer,
    alert: (text: string) => Promise<void>,
    receipt: Receipt,
  ): Promise<void> {
    const { sets, sender, fetchFile } = this.#parts;
    const { from } = query;
    const file = message.document;
    if (!file) return alert(texts.input.sourceGone);
    const key = `${from.id} ${file.file_unique_id}`;
    if (this.#added.has(key)) return alert(texts.stickers.already);
    this.#added.set(key, true);
    try {
      const image = await fetchFile(file.file_id, receipt.signal);
      const sticker = await this.#turnOf(from.id).run(() => sets.add(from, image, DEFAULT_EMOJI));
      if (!sticker) {
        this.#added.delete(key);
        return alert(texts.stickers.failed);
      }
      await answer();
      const text = texts.stickers.added({ link: sets.link(from.id, sticker.set) });
      const keyboard = stickerButtons(from.id, sticker, texts);
      receipt.later(sender.text(placeOf(message), text, keyboard));
    } catch (error) {
      this.#added.delete(key);
      throw error;
    }
  }

  async #change(
    query: CallbackQuery,
    message: Message,
    data: Exclude<StickerPress, { kind: 'addSticker' }>,
    texts: Texts,
    answer: Answer,
    alert: (text: string) => Promise<void>,
  ): Promise<void> {
    const { sets, api } = this.#parts;
    const { id } = query.from;
    if (data.kind === 'stickerEmoji') {
      const emoji = STICKER_EMOJI[data.emoji] ?? DEFAULT_EMOJI;
      const isThere = await sets.setEmoji(id, data.sticker, emoji);
      return isThere ? answer(texts.stickers.emojiSet({ emoji })) : alert(texts.stickers.gone);
    }
    const wasThere = await sets.remove(id, data.sticker);
    const text = wasThere ? texts.stickers.removed : texts.stickers.gone;
    await answer(text);
    // Without the buttons: there is nothing left to press them for.
    await api.editMessageText(message.chat.id, message.message_id, text).catch((error: unknown) => {
      if (!isStaleEdit(error)) throw error;
    });
  }

  #turnOf(person: number): Serial {
    let turn = this.#turns.get(person);
    if (!turn) {
      turn = new Serial();
      this.#turns.set(person, turn);
    }
    return turn;
  }
}
