/** Inline keyboards under results, status messages, failures and `/style`. */
import { InlineKeyboard } from 'grammy';
import type { Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';
import type { TelegramReply } from '../types.ts';
import { CALLBACK_DATA_BYTES, type CallbackData, encodeCallbackData } from './callback-data.ts';

function add(keyboard: InlineKeyboard, label: string, data: CallbackData): void {
  const text = encodeCallbackData(data);
  if (Buffer.byteLength(text) <= CALLBACK_DATA_BYTES) keyboard.text(label, text);
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
