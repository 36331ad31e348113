/**
 * Albums arrive as single messages, and only one part has the caption. What the caption asks counts for all parts:
 * parts that come later follow its style, parts that came before wait for it.
 */
import type { Message } from 'grammy/types';
import { LRUCache } from 'lru-cache';

interface Album {
  /** Style of the part that called the bot; undefined until then. */
  style: string | undefined;
  waiting: Message[];
}

/** The parts of one album arrive within a second or two. */
const KEEP_MS = 60_000;
/** Albums remembered; in busy groups without privacy mode every album passes here. */
const KEEP = 500;
/** Telegram's limit of an album. */
const PARTS = 10;

export class Albums {
  readonly #albums = new LRUCache<string, Album>({ max: KEEP, ttl: KEEP_MS });

  /** A part that did not call the bot: the style to draw it in, or undefined (it then waits for the part that calls). */
  offer(message: Message): string | undefined {
    const album = this.#album(message);
    if (!album) return undefined;
    if (album.style === undefined && album.waiting.length < PARTS) album.waiting.push(message);
    return album.style;
  }

  /** The style that an earlier part of this album asked for. */
  styleOf(message: Message): string | undefined {
    const key = keyOf(message);
    return key === undefined ? undefined : this.#albums.get(key)?.style;
  }

  /** This part called the bot. Returns the parts that came before it. */
  call(message: Message, style: string): readonly Message[] {
    const album = this.#album(message);
    if (!album) return [];
    album.style = style;
    return album.waiting.splice(0);
  }

  #album(message: Message): Album | undefined {
    const key = keyOf(message);
    if (key === undefined) return undefined;
    let album = this.#albums.get(key);
    if (!album) {
      album = { style: undefined, waiting: [] };
      this.#albums.set(key, album);
    }
    return album;
  }
}

function keyOf(message: Message): string | undefined {
  return message.media_group_id === undefined ? undefined : `${message.chat.id}/${message.media_group_id}`;
}
