/** Who asks, and where the answer goes. */
import type { Message } from 'grammy/types';
import type { Place } from './outgoing/sender.ts';

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
