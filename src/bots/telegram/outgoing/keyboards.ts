/**
 * Inline keyboards. Callback data is stateless and at most 64 bytes: what is pressed, by whom it may be pressed, and
 * a style or job. The photo itself is found again through the message that the result replies to.
 */
import { InlineKeyboard } from 'grammy';
import type { Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';
import type { TelegramReply } from '../types.ts';

export type CallbackData =
  /** Draw the photo in this style, in place of this message. */
  | { readonly kind: 'draw'; readonly requester: number; readonly style: string }
  /** Make this style the presser's own. */
  | { readonly kind: 'choose'; readonly style: string }
  | { readonly kind: 'cancel'; readonly requester: number; readonly job: string }
  | { readonly kind: 'cancelAlbum'; readonly requester: number; readonly album: string };

const LIMIT = 64;

export function encodeCallbackData(press: CallbackData): string {
  switch (press.kind) {
    case 'draw':
      return `s:${press.requester.toString(36)}:${press.style}`;
    case 'choose':
      return `d::${press.style}`;
    case 'cancel':
      return `c:${press.requester.toString(36)}:${press.job}`;
    case 'cancelAlbum':
      return `a:${press.requester.toString(36)}:${press.album}`;
  }
}

/** The press behind callback data, which anybody can forge; undefined when it is none of ours. */
export function decodeCallbackData(data: string): CallbackData | undefined {
  const match = /^([sdca]):(-?[0-9a-z]{0,12}):([\w-]{1,60})$/.exec(data);
  if (!match) return undefined;
  const [, kind, who = '', what = ''] = match;
  if (kind === 'd') return { kind: 'choose', style: what };
  const requester = Number.parseInt(who, 36);
  if (!Number.isSafeInteger(requester)) return undefined;
  if (kind === 's') return { kind: 'draw', requester, style: what };
  if (kind === 'c') return { kind: 'cancel', requester, job: what };
  return { kind: 'cancelAlbum', requester, album: what };
}

function add(keyboard: InlineKeyboard, label: string, press: CallbackData): void {
  const data = encodeCallbackData(press);
  if (Buffer.byteLength(data) <= LIMIT) keyboard.text(label, data);
}

/** Under a result: every other style, two in a row. Undefined when there is none. */
export function styleButtons(
  styles: readonly Style[],
  current: string,
  requester: number,
  texts: Texts,
): InlineKeyboard | undefined {
  const others = styles.filter((style) => style.id !== current);
  if (others.length === 0) return undefined;
  const keyboard = new InlineKeyboard();
  for (const [index, style] of others.entries()) {
    if (index > 0 && index % 2 === 0) keyboard.row();
    add(keyboard, texts.styleTitle(style), { kind: 'draw', requester, style: style.id });
  }
  return keyboard;
}

/** Under `/style`: all styles, the current one marked. */
export function choiceButtons(styles: readonly Style[], current: string, texts: Texts): InlineKeyboard {
  const keyboard = new InlineKeyboard();
  for (const [index, style] of styles.entries()) {
    if (index > 0 && index % 2 === 0) keyboard.row();
    const mark = style.id === current ? '✓ ' : '';
    add(keyboard, `${mark}${texts.styleTitle(style)}`, { kind: 'choose', style: style.id });
  }
  return keyboard;
}

/** Under a status message. */
export function cancelButton(job: string, reply: TelegramReply, texts: Texts): InlineKeyboard {
  const keyboard = new InlineKeyboard();
  const { requester, album } = reply;
  add(
    keyboard,
    texts.cancel.label,
    album === undefined || reply.replace
      ? { kind: 'cancel', requester, job }
      : { kind: 'cancelAlbum', requester, album },
  );
  return keyboard;
}

/** Under a failure that was ours: the same photo and style once more. */
export function againButton(style: string, requester: number, texts: Texts): InlineKeyboard {
  const keyboard = new InlineKeyboard();
  add(keyboard, texts.buttons.again, { kind: 'draw', requester, style });
  return keyboard;
}
