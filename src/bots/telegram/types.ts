/** How a picture is sent: a photo, which Telegram compresses, or a file, which it leaves as it is. */
export type Form = 'photo' | 'document';

/** A message that the bot sent. */
export interface SentMessage {
  readonly chat: number;
  readonly message: number;
}

/** Where and how to answer a photo. Plain JSON that the queue keeps over restarts. */
export interface TelegramReply {
  readonly chat: number;
  /** The message that the answer replies to; normally the one with the photo, so that other styles find it again. */
  readonly message: number;
  /** Forum topic; absent in General, which must be answered without one. */
  readonly thread?: number;
  readonly form: Form;
  /** Who may press the buttons: a user, or (negative) the chat in whose name an anonymous sender wrote. */
  readonly requester: number;
  /** The photo was hidden behind a spoiler; so is its cartoon. */
  readonly spoiler?: boolean;
  /** The photo's message can be neither forwarded nor saved; so it is with the cartoon. */
  readonly isProtected?: boolean;
  /**
   * In the name of whom: a channel, or a business account with its connection. Only the cartoon is sent there, at once and without buttons:
   * no status, no placeholder and no sentence, since strangers read along.
   */
  readonly onBehalf?: { readonly business?: string };
  /** `file_unique_id` of the photo: first key of the result cache. */
  readonly photo: string;
  /** SHA-256 of the bytes: second key. Known once they are downloaded. */
  digest?: string;
  /** `media_group_id`; the parts of an album share one status message. */
  readonly album?: string;
  /** The status message. */
  readonly status?: number;
  /** The message that the cartoon takes the place of (another style of a result, or a failure tried again). */
  readonly replace?: { readonly message: number; readonly isText: boolean };
  /** The message that becomes the answer. It was sent, and noted, before anything that must not happen twice. */
  answer?: SentMessage;
}

/** Figures of `/stats`; the composition root takes them from the queue. */
export interface Stats {
  readonly queued: number;
  readonly processing: number;
  readonly answered: number;
  readonly failed: number;
}

/** The queue's name of a user: a user of Telegram, or (negative id) the chat in whose name an anonymous sender wrote. */
export const userOf = (requester: number): string => `tg-${requester}`;
