/**
 * People's own sticker sets. A set belongs to a person and to the bot that made it; Telegram keeps it, nothing is stored here: a set's name
 * follows from the person's id and a number, and the next number begins when a set is full.
 */
import { type Api, InputFile } from 'grammy';
import type { InputSticker } from 'grammy/types';
import { isNameTaken, isSetFull, isSetGone } from '../errors.ts';

/** Stickers in a set (core.telegram.org/bots/api#addstickertoset). */
const SET_LIMIT = 120;
/** Sets that are tried; so many stickers a person has from nobody. */
const MOST_SETS = 20;
/** Characters of a set's title (core.telegram.org/bots/api#createnewstickerset). */
const TITLE_LENGTH = 64;

/** A sticker in a person's set, short enough for a button: the set's number and the `file_unique_id`. */
export interface StickerRef {
  readonly set: number;
  readonly unique: string;
}

export interface Owner {
  readonly id: number;
  readonly first_name: string;
}

export class StickerSets {
  readonly #api: Api;
  readonly #bot: () => string;

  /** @param bot the bot's user name, known once it runs */
  constructor(api: Api, bot: () => string) {
    this.#api = api;
    this.#bot = bot;
  }

  /** Address of a person's set. */
  link(owner: number, set: number): string {
    return `https://t.me/addstickers/${this.#nameOf(owner, set)}`;
  }

  /** The number of the set, if a set of this name is of this person and bot. */
  numberOf(owner: number, name: string): number | undefined {
    const set = Number(/^c(\d{1,3})_/.exec(name)?.[1]);
    return name.toLowerCase() === this.#nameOf(owner, set).toLowerCase() ? set : undefined;
  }

  /**
   * Puts a sticker into the first of a person's sets that has room, and makes one where there is none.
   * @param image WebP, one side 512 pixels
   * @throws GrammyError where Telegram does not take it; `isStranger` when the person has never started the bot
   */
  async add(owner: Owner, image: Uint8Array, emoji: string): Promise<StickerRef | undefined> {
    for (let set = 1; set <= MOST_SETS; set++) {
      const name = this.#nameOf(owner.id, set);
      const there = await this.#stickersOf(name);
      if (there && there.length >= SET_LIMIT) continue;
      if (!(await this.#put(owner, name, there !== undefined, image, emoji))) continue;
      const unique = (await this.#stickersOf(name))?.at(-1)?.file_unique_id;
      return unique === undefined ? undefined : { set, unique };
    }
    return undefined;
  }

  /** False when it is not in the set any more. */
  async remove(owner: number, sticker: StickerRef): Promise<boolean> {
    return await this.#change(owner, sticker, (file) => this.#api.deleteStickerFromSet(file));
  }

  /** False when it is not in the set any more. */
  async setEmoji(owner: number, sticker: StickerRef, emoji: string): Promise<boolean> {
    return await this.#change(owner, sticker, (file) => this.#api.setStickerEmojiList(file, [emoji]));
  }

  /** False when the set cannot take it, and the next one must. */
  async #put(
    owner: Owner,
    name: string,
    isThere: boolean,
    image: Uint8Array,
    emoji: string,
  ): Promise<boolean> {
    const sticker = (): InputSticker => ({
      sticker: new InputFile(image, 'sticker.webp'),
      format: 'static',
      emoji_list: [emoji],
    });
    const create = () =>
      this.#api.createNewStickerSet(owner.id, name, titleOf(owner, this.#bot()), [sticker()]);
    const add = () => this.#api.addStickerToSet(owner.id, name, sticker());
    try {
      await (isThere ? add() : create());
      return true;
    } catch (error) {
      // Filled, or deleted, by another process or in Telegram itself since it was looked at.
      if (isSetFull(error)) return false;
      if (isThere ? !isSetGone(error) : !isNameTaken(error)) throw error;
    }
    try {
      await (isThere ? create() : add());
      return true;
    } catch (error) {
      // The name of a set that was deleted may stay taken, and belongs to nobody then.
      if (isSetFull(error) || isNameTaken(error) || isSetGone(error)) return false;
      throw error;
    }
  }

  async #change(
    owner: number,
    { set, unique }: StickerRef,
    change: (file: string) => Promise<unknown>,
  ): Promise<boolean> {
    const stickers = await this.#stickersOf(this.#nameOf(owner, set));
    const file = stickers?.find((sticker) => sticker.file_unique_id === unique)?.file_id;
    if (file === undefined) return false;
    try {
      await change(file);
      return true;
    } catch (error) {
      if (!isSetGone(error)) throw error;
      return false;
    }
  }

  async #stickersOf(name: string) {
    try {
      return (await this.#api.getStickerSet(name)).stickers;
    } catch (error) {
      if (!isSetGone(error)) throw error;
      return undefined;
    }
  }

  #nameOf(owner: number, set: number): string {
    return `c${set}_${owner.toString(36)}_by_${this.#bot()}`;
  }
}

function titleOf({ first_name }: Owner, bot: string): string {
  const name = [...first_name].slice(0, 20).join('');
  return `${name} · @${bot}`.slice(0, TITLE_LENGTH);
}
