/** sendMessage, sendPhoto, sendDocument, sendMediaGroup, sendChatAction. */
import type { Message } from 'grammy/types';
import { bad } from '../errors.ts';
import { botDocument, botPhoto } from '../media.ts';
import type { Room, World } from '../world.ts';
import type { Call, Method, Telegram } from './call.ts';

interface Keyboard {
  readonly inline_keyboard?: readonly (readonly { readonly callback_data?: string }[])[];
}

/** @throws ApiError for what Telegram refuses in a keyboard */
export function checkKeyboard(markup: unknown): void {
  for (const button of ((markup as Keyboard | undefined)?.inline_keyboard ?? []).flat()) {
    const length = Buffer.byteLength(button.callback_data ?? '-');
    if (length < 1 || length > 64) throw bad('BUTTON_DATA_INVALID');
  }
}

function checkThread(room: Room, thread: unknown): void {
  if (thread === undefined) return;
  // General is answered without a thread; other supergroups have no threads to send to.
  if (typeof thread !== 'number' || !room.topics.has(thread)) throw bad('message thread not found');
}

interface ReplyParameters {
  readonly message_id?: number;
  readonly allow_sending_without_reply?: boolean;
}

function replySource(room: Room, call: Call): Message | undefined {
  const reply = call.payload['reply_parameters'] as ReplyParameters | undefined;
  if (!reply) return undefined;
  const source = room.messages.get(reply.message_id ?? -1);
  const inTopic = call.payload['message_thread_id'] !== undefined;
  // In forum topics the permission to send without the reply is ignored (core.telegram.org/bots/api#replyparameters).
  if (!source && (inTopic || !reply.allow_sending_without_reply))
    throw bad('message to be replied not found');
  return source;
}

function post(world: World, room: Room, call: Call, content: Partial<Message>): Message {
  const { payload } = call;
  const source = replySource(room, call);
  const thread = payload['message_thread_id'] as number | undefined;
  const business = payload['business_connection_id'] as string | undefined;
  return world.post(
    room,
    {
      from: world.bot,
      ...content,
      ...(thread === undefined ? {} : { message_thread_id: thread, is_topic_message: true }),
      ...(payload['reply_markup'] ? { reply_markup: payload['reply_markup'] } : {}),
      ...(payload['has_spoiler'] ? { has_media_spoiler: true } : {}),
      ...(payload['protect_content'] ? { has_protected_content: true } : {}),
      ...(business === undefined ? {} : { business_connection_id: business, sender_business_bot: world.bot }),
    } as Partial<Message>,
    source,
  );
}

function prepare(telegram: Telegram, call: Call): Room {
  const room = telegram.world.open(call.payload['chat_id']);
  const business = call.payload['business_connection_id'];
  if (business !== undefined && !telegram.businesses.get(String(business))?.rights?.can_reply)
    throw bad('BUSINESS_PEER_INVALID');
  checkThread(room, call.payload['message_thread_id']);
  checkKeyboard(call.payload['reply_markup']);
  replySource(room, call);
  return room;
}

export function checkCaption(caption: unknown): { caption?: string } {
  if (caption === undefined || caption === '') return {};
  if (String(caption).length > 1024) throw bad('message caption is too long');
  return { caption: String(caption) };
}

const sendMessage: Method = (telegram, call) => {
  const room = prepare(telegram, call);
  const text = String(call.payload['text'] ?? '');
  if (text.trim() === '') throw bad('message text is empty');
  if (text.length > 4096) throw bad('message is too long');
  return post(telegram.world, room, call, { text });
};

const sendPhoto: Method = async (telegram, call) => {
  const room = prepare(telegram, call);
  if (!room.mayPhoto) throw bad('not enough rights to send photos to the chat');
  const photo = await botPhoto(telegram.files, call.payload['photo'], call.uploads);
  return post(telegram.world, room, call, { photo, ...checkCaption(call.payload['caption']) });
};

const sendDocument: Method = (telegram, call) => {
  const room = prepare(telegram, call);
  const document = botDocument(telegram.files, call.payload['document'], call.uploads);
  return post(telegram.world, room, call, { document, ...checkCaption(call.payload['caption']) });
};

const sendMediaGroup: Method = async (telegram, call) => {
  const room = prepare(telegram, call);
  const media = call.payload['media'] as { type: string; media: string; caption?: string }[];
  if (media.length < 2 || media.length > 10) throw bad('there must be 2-10 media in an album');
  if (new Set(media.map((item) => item.type)).size > 1 && media.some((item) => item.type === 'document'))
    throw bad('documents can be sent only with documents');
  const album = String(Date.now());
  const contents = await Promise.all(
    media.map(async (item) => ({
      ...(item.type === 'document'
        ? { document: botDocument(telegram.files, item.media, call.uploads) }
        : { photo: await botPhoto(telegram.files, item.media, call.uploads) }),
      ...checkCaption(item.caption),
      media_group_id: album,
    })),
  );
  return contents.map((content) => post(telegram.world, room, call, content));
};

const sendChatAction: Method = (telegram, call) => {
  const room = telegram.world.open(call.payload['chat_id']);
  checkThread(room, call.payload['message_thread_id']);
  return true;
};

export const sending: Readonly<Record<string, Method>> = {
  sendMessage,
  sendPhoto,
  sendDocument,
  sendMediaGroup,
  sendChatAction,
};
