/**
 * Telegram's refusals, sorted by what the bot does about them. The Bot API has no codes beyond the HTTP status, so
 * the description decides (texts: github.com/tdlib/telegram-bot-api).
 */
import { GrammyError, HttpError } from 'grammy';
import { DctoonError } from '../../shared/errors.ts';

function refused(error: unknown, pattern: RegExp): boolean {
  return error instanceof GrammyError && error.error_code === 400 && pattern.test(error.description);
}

/** Nobody can ever get this answer: the bot was blocked or removed, the account, chat or topic is gone. The job ends silently. */
export function isGone(error: unknown): boolean {
  if (error instanceof GrammyError && error.error_code === 403) return true;
  return refused(
    error,
    /chat not found|user not found|PEER_ID_INVALID|message thread not found|TOPIC_(CLOSED|DELETED)|CHAT_WRITE_FORBIDDEN|not enough rights to send text|have no rights to send/i,
  );
}

/** The edit would change nothing, or what it should change is not there any more. */
export const isStaleEdit = (error: unknown) =>
  refused(
    error,
    /message is not modified|message to (edit|delete) not found|message can't be (edited|deleted)/i,
  );

export const isMessageGone = (error: unknown) =>
  refused(error, /message to edit not found|message can't be edited/i);

/** Bot API servers that only replace one medium by another. */
export const isTextKept = (error: unknown) =>
  refused(error, /no media in the message|message content is not a media/i);

/** Not reached, too busy, or broken: another try may help. */
export const isTransient = (error: unknown) =>
  error instanceof HttpError ||
  (error instanceof GrammyError && (error.error_code === 429 || error.error_code >= 500));

/** The source was deleted; in forum topics `allow_sending_without_reply` does not help. */
export const isSourceGone = (error: unknown) =>
  refused(error, /(replied message|message to be replied) not found/i);

/** Telegram does not take it as a photo, but does as a file: too long, too narrow, over 10 MB. */
export const isPhotoRefused = (error: unknown) =>
  refused(
    error,
    /PHOTO_INVALID_DIMENSIONS|PHOTO_SAVE_FILE_INVALID|IMAGE_PROCESS_FAILED|PHOTO_EXT_INVALID|too big/i,
  );

export const isTooLarge = (error: unknown) =>
  (error instanceof GrammyError && error.error_code === 413) ||
  refused(error, /Request Entity Too Large|too big/i);

/** Text is allowed here, pictures are not. */
export const isMediaForbidden = (error: unknown) =>
  refused(
    error,
    /not enough rights to send (photos|documents|media)|CHAT_SEND_(PHOTOS|DOCS|MEDIA)_FORBIDDEN/i,
  );

/** A remembered file id that Telegram does not accept (any more). */
export const isBadFileId = (error: unknown) =>
  refused(error, /wrong (remote )?file identifier|can't use file of type|file_id|FILE_REFERENCE/i);

/** There is no sticker set of this name (any more), or the sticker is in none. */
export const isSetGone = (error: unknown) => refused(error, /STICKERSET_INVALID|STICKER_INVALID/i);

/** Somebody has made a sticker set of this name before. */
export const isNameTaken = (error: unknown) =>
  refused(error, /sticker set name is already occupied|SHORTNAME_OCCUPY/i);

export const isSetFull = (error: unknown) => refused(error, /STICKERS_TOO_MUCH/i);

/** The person has never started the bot, which therefore may not make stickers for them. */
export const isStranger = (error: unknown) =>
  (error instanceof GrammyError && error.error_code === 403) ||
  refused(error, /PEER_ID_INVALID|user not found/i);

/** The chat's new id after it became a supergroup. */
export function movedTo(error: unknown): number | undefined {
  return error instanceof GrammyError ? error.parameters.migrate_to_chat_id : undefined;
}

/**
 * One line for the log. Never log grammY's error objects themselves: the cause inside an `HttpError` and the context
 * inside a `BotError` show the token.
 */
export function describe(error: unknown): string {
  if (error instanceof GrammyError) return `${error.method}: ${error.error_code} ${error.description}`;
  if (error instanceof HttpError) return `${error.message} (${networkCode(error) ?? 'no answer'})`;
  if (error instanceof DctoonError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** Node's code of a failed connection, e.g. `ECONNRESET`. */
export function networkCode(error: HttpError): string | undefined {
  const { error: inner } = error;
  return typeof inner === 'object' && inner !== null && 'code' in inner ? String(inner.code) : undefined;
}
