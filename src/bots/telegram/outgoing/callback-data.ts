/**
 * What a button of ours does when it is pressed, as Telegram's callback data. Stateless: what is asked, who may ask it,
 * and a style or job. The photo itself is found again through the message that the result replies to.
 */

import type { StickerRef } from '../stickers/sticker-sets.ts';

/** Telegram's limit (core.telegram.org/bots/api#inlinekeyboardbutton). */
export const CALLBACK_DATA_BYTES = 64;

/** What buttons cut to. */
export type CutShape = 'sticker' | 'avatar';

const DRAW_AS = { s: undefined, S: 'sticker', A: 'avatar' } as const;
const CUT_TO = { k: 'sticker', p: 'avatar' } as const;

export type CallbackData =
  /** Draw the photo in this style, in place of this message. */
  | {
      readonly kind: 'draw';
      readonly requester: number;
      readonly style: string;
      /** What this message's picture was cut to, and the next one shall be. */
      readonly as?: CutShape;
    }
  /** Cut the photo to this, in a message of its own. */
  | { readonly kind: 'cut'; readonly requester: number; readonly style: string; readonly as: CutShape }
  /** Put the sticker of this message into the presser's set. */
  | { readonly kind: 'addSticker'; readonly requester: number }
  /** Let a sticker of the presser's set stand for one of `STICKER_EMOJI`. */
  | {
      readonly kind: 'stickerEmoji';
      readonly requester: number;
      readonly emoji: number;
      readonly sticker: StickerRef;
    }
  | { readonly kind: 'removeSticker'; readonly requester: number; readonly sticker: StickerRef }
  /** Make this style the presser's own. */
  | { readonly kind: 'choose'; readonly style: string }
  | { readonly kind: 'cancel'; readonly requester: number; readonly job: string }
  | { readonly kind: 'cancelAlbum'; readonly requester: number; readonly album: string };

/** Whoever puts it on a button checks its length: Telegram refuses a keyboard with more than `CALLBACK_DATA_BYTES`. */
export function encodeCallbackData(data: CallbackData): string {
  switch (data.kind) {
    case 'draw':
      return `${codeOf(DRAW_AS, data.as)}:${data.requester.toString(36)}:${data.style}`;
    case 'cut':
      return `${codeOf(CUT_TO, data.as)}:${data.requester.toString(36)}:${data.style}`;
    case 'addSticker':
      return `t:${data.requester.toString(36)}:add`;
    case 'stickerEmoji':
      return `e:${data.requester.toString(36)}:${data.emoji}-${data.sticker.set}-${data.sticker.unique}`;
    case 'removeSticker':
      return `r:${data.requester.toString(36)}:${data.sticker.set}-${data.sticker.unique}`;
    case 'choose':
      return `d::${data.style}`;
    case 'cancel':
      return `c:${data.requester.toString(36)}:${data.job}`;
    case 'cancelAlbum':
      return `a:${data.requester.toString(36)}:${data.album}`;
  }
}

/** Reads callback data back, which anybody can forge; undefined when it is not in this format. */
export function decodeCallbackData(text: string): CallbackData | undefined {
  const match = /^([sSAkptredca]):(-?[0-9a-z]{0,12}):([\w-]{1,60})$/.exec(text);
  if (!match) return undefined;
  const [, kind, who = '', what = ''] = match;
  if (kind === 'd') return { kind: 'choose', style: what };
  const requester = Number.parseInt(who, 36);
  if (!Number.isSafeInteger(requester)) return undefined;
  if (kind === 's') return { kind: 'draw', requester, style: what };
  if (kind === 'S' || kind === 'A') return { kind: 'draw', requester, style: what, as: DRAW_AS[kind] };
  if (kind === 'k' || kind === 'p') return { kind: 'cut', requester, style: what, as: CUT_TO[kind] };
  if (kind === 't') return { kind: 'addSticker', requester };
  if (kind === 'e' || kind === 'r') return stickerData(kind, requester, what);
  if (kind === 'c') return { kind: 'cancel', requester, job: what };
  return { kind: 'cancelAlbum', requester, album: what };
}

function stickerData(kind: 'e' | 'r', requester: number, what: string): CallbackData | undefined {
  const match = (kind === 'e' ? /^(\d)-(\d{1,3})-([\w-]+)$/ : /^()(\d{1,3})-([\w-]+)$/).exec(what);
  if (!match) return undefined;
  const [, emoji, set, unique = ''] = match;
  const sticker = { set: Number(set), unique };
  return kind === 'e'
    ? { kind: 'stickerEmoji', requester, emoji: Number(emoji), sticker }
    : { kind: 'removeSticker', requester, sticker };
}

function codeOf(codes: Readonly<Record<string, CutShape | undefined>>, shape: CutShape | undefined): string {
  return Object.keys(codes).find((code) => codes[code] === shape) ?? '';
}
