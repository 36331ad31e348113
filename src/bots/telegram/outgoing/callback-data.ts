/**
 * What a button of ours does when it is pressed, as Telegram's callback data. Stateless: what is asked, who may ask it,
 * and a style or job. The photo itself is found again through the message that the result replies to.
 */

/** Telegram's limit (core.telegram.org/bots/api#inlinekeyboardbutton). */
export const CALLBACK_DATA_BYTES = 64;

export type CallbackData =
  /** Draw the photo in this style, in place of this message. */
  | { readonly kind: 'draw'; readonly requester: number; readonly style: string }
  /** Make this style the presser's own. */
  | { readonly kind: 'choose'; readonly style: string }
  | { readonly kind: 'cancel'; readonly requester: number; readonly job: string }
  | { readonly kind: 'cancelAlbum'; readonly requester: number; readonly album: string };

/** Whoever puts it on a button checks its length: Telegram refuses a keyboard with more than `CALLBACK_DATA_BYTES`. */
export function encodeCallbackData(data: CallbackData): string {
  switch (data.kind) {
    case 'draw':
      return `s:${data.requester.toString(36)}:${data.style}`;
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
  const match = /^([sdca]):(-?[0-9a-z]{0,12}):([\w-]{1,60})$/.exec(text);
  if (!match) return undefined;
  const [, kind, who = '', what = ''] = match;
  if (kind === 'd') return { kind: 'choose', style: what };
  const requester = Number.parseInt(who, 36);
  if (!Number.isSafeInteger(requester)) return undefined;
  if (kind === 's') return { kind: 'draw', requester, style: what };
  if (kind === 'c') return { kind: 'cancel', requester, job: what };
  return { kind: 'cancelAlbum', requester, album: what };
}
