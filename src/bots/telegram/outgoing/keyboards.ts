/** Inline keyboards under results, status messages, failures and `/style`. */
import { InlineKeyboard } from 'grammy';
import type { Shape, Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';
import { STICKER_EMOJI } from '../stickers/sticker-emoji.ts';
import type { StickerRef } from '../stickers/sticker-sets.ts';
import type { TelegramReply } from '../types.ts';
import { CALLBACK_DATA_BYTES, type CallbackData, encodeCallbackData } from './callback-data.ts';

function add(keyboard: InlineKeyboard, label: string, data: CallbackData): void {
  const text = encodeCallbackData(data);
  if (Buffer.byteLength(text) <= CALLBACK_DATA_BYTES) keyboard.text(label, text);
}

/**
 * Under a result: every other style, two in a row; then what else may be made of the photo, and the way into the requester's own
 * stickers. Undefined when there is none.
 */
export function resultButtons(
  styles: readonly Style[],
  { style: current, as = 'photo' }: { readonly style: string; readonly as?: Shape | undefined },
  requester: number,
  texts: Texts,
): InlineKeyboard | undefined {
  const keyboard = new InlineKeyboard();
  const shape = as === 'sticker' || as === 'avatar' ? { as } : {};
  for (const [index, style] of styles.filter(({ id }) => id !== current).entries()) {
    if (index > 0 && index % 2 === 0) keyboard.row();
    add(keyboard, texts.styleTitle(style), { kind: 'draw', requester, style: style.id, ...shape });
  }
  // After a failure nobody knows which style the picture has; then it is drawn in the first one.
  const style = styles.some(({ id }) => id === current) ? current : styles[0]?.id;
  if (as === 'photo' && style !== undefined) {
    keyboard.row();
    for (const cut of ['sticker', 'avatar'] as const)
      add(keyboard, texts.shapes[cut], { kind: 'cut', requester, style, as: cut });
  }
  if (as === 'sticker') add(keyboard.row(), texts.stickers.add, { kind: 'addSticker', requester });
  return keyboard.inline_keyboard.some((row) => row.length > 0) ? keyboard : undefined;
}

/** Under the answer about a sticker of a person's own: what it stands for, and away with it. */
export function stickerButtons(requester: number, sticker: StickerRef, texts: Texts): InlineKeyboard {
  const keyboard = new InlineKeyboard();
  for (const [emoji, label] of STICKER_EMOJI.entries())
    add(keyboard, label, { kind: 'stickerEmoji', requester, emoji, sticker });
  add(keyboard.row(), texts.stickers.remove, { kind: 'removeSticker', requester, sticker });
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

/** Under a failure that was ours: the same photo, style and cut once more. */
export function againButton(
  { style, as }: { readonly style: string; readonly as?: Shape | undefined },
  requester: number,
  texts: Texts,
): InlineKeyboard {
  const keyboard = new InlineKeyboard();
  const shape = as === 'sticker' || as === 'avatar' ? { as } : {};
  add(keyboard, texts.buttons.again, { kind: 'draw', requester, style, ...shape });
  return keyboard;
}
