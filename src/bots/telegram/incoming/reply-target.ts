/** Where the answer to an update goes, and who asked for it. */
import type { Message } from 'grammy/types';
import type { Shape } from '../../../inference/types.ts';
import type { Place } from '../outgoing/sender.ts';
import type { TelegramReply } from '../types.ts';
import { isOnBehalf } from './intent.ts';
import type { IncomingPhoto } from './media.ts';

/** Anonymous administrators and channels speak for a chat, `from` is then a stand-in. */
export function requesterOf(message: Message): number {
  return message.sender_chat?.id ?? message.from?.id ?? message.chat.id;
}

/**
 * Where to answer. The thread counts for topic messages only: replies in ordinary groups carry a thread id too, which
 * nothing may be sent to, and General is answered without one.
 */
export function placeOf(message: Message): Place {
  const { chat, message_id, message_thread_id, is_topic_message } = message;
  const thread = is_topic_message && message_thread_id !== undefined ? { thread: message_thread_id } : {};
  return { chat: chat.id, message: message_id, ...thread };
}

/** What of the photo's message holds for the cartoon as well. */
function kindOf({ spoiler, isProtected }: IncomingPhoto): Pick<TelegramReply, 'spoiler' | 'isProtected'> {
  return { ...(spoiler && { spoiler }), ...(isProtected && { isProtected }) };
}

function onBehalfOf({ business_connection_id: business }: Message): NonNullable<TelegramReply['onBehalf']> {
  return business === undefined ? {} : { business };
}

/** @param source id of the message with the photo, to which the cartoon is a reply */
export function photoReply(message: Message, photo: IncomingPhoto, source: number, as: Shape): TelegramReply {
  const { message_id, media_group_id } = message;
  return {
    ...placeOf(message),
    message: source,
    // A photo has no transparency.
    form: as === 'sticker' ? 'document' : photo.form,
    requester: requesterOf(message),
    photo: photo.unique,
    ...kindOf(photo),
    ...(isOnBehalf(message) && { onBehalf: onBehalfOf(message) }),
    // A reply with a command asks for one part of an album only.
    ...(media_group_id !== undefined && source === message_id ? { album: media_group_id } : {}),
  };
}

/** Another style of a result, or a failure tried again: the cartoon takes the place of `result`. */
export function restyleReply(
  result: Message,
  source: Message,
  photo: IncomingPhoto,
  requester: number,
  as?: Shape,
): TelegramReply {
  const isText = !result.photo && !result.document;
  const form = as === 'sticker' || (!isText && result.document) ? 'document' : isText ? photo.form : 'photo';
  return {
    ...placeOf(result),
    message: source.message_id,
    form,
    requester,
    photo: photo.unique,
    ...kindOf(photo),
    replace: { message: result.message_id, isText },
  };
}

/** Something else made of the photo of a result, in a message of its own. */
export function cutReply(
  result: Message,
  source: Message,
  photo: IncomingPhoto,
  requester: number,
  as: Shape,
): TelegramReply {
  return {
    ...placeOf(result),
    message: source.message_id,
    form: as === 'sticker' ? 'document' : photo.form,
    requester,
    photo: photo.unique,
    ...kindOf(photo),
  };
}
