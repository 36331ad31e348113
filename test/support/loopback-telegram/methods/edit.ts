/** Edits and deletions: only the bot's own messages, never without a change, and the keyboard goes when it is not given. */
import type { Message } from 'grammy/types';
import { bad } from '../errors.ts';
import { botDocument, botPhoto } from '../media.ts';
import type { Room } from '../world.ts';
import type { Call, Method, Telegram } from './call.ts';
import { checkCaption, checkKeyboard } from './send.ts';

type Content = Partial<Message> & { reply_markup?: unknown };

function find(telegram: Telegram, call: Call): { room: Room; message: Message } {
  const room = telegram.world.open(call.payload['chat_id']);
  const message = room.messages.get(Number(call.payload['message_id']));
  if (!message) throw bad('message to edit not found');
  if (message.from?.id !== telegram.world.bot.id) throw bad("message can't be edited");
  checkKeyboard(call.payload['reply_markup']);
  return { room, message };
}

/** What an edit compares: everything visible. */
function visible(message: Content): string {
  const photo = message.photo?.at(-1)?.file_unique_id;
  const document = message.document?.file_unique_id;
  return JSON.stringify([message.text, message.caption, photo, document, message.reply_markup]);
}

function replace(room: Room, message: Message, call: Call, content: Content): Message {
  const {
    has_media_spoiler: _s,
    text: _t,
    caption: _c,
    photo: _p,
    document: _d,
    reply_markup: _m,
    ...frame
  } = message;
  const markup = call.payload['reply_markup'];
  const next = {
    ...frame,
    ...content,
    ...(markup ? { reply_markup: markup } : {}),
    edit_date: Math.floor(Date.now() / 1000),
  } as Message;
  if (visible(next) === visible(message))
    throw bad(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    );
  room.messages.set(message.message_id, next);
  return next;
}

const editMessageText: Method = (telegram, call) => {
  const { room, message } = find(telegram, call);
  if (message.text === undefined) throw bad('there is no text in the message to edit');
  const text = String(call.payload['text'] ?? '');
  if (text.trim() === '') throw bad('message text is empty');
  return replace(room, message, call, { text });
};

const editMessageCaption: Method = (telegram, call) => {
  const { room, message } = find(telegram, call);
  if (message.text !== undefined) throw bad('there is no caption in the message to edit');
  return replace(room, message, call, { ...media(message), ...checkCaption(call.payload['caption']) });
};

const editMessageReplyMarkup: Method = (telegram, call) => {
  const { room, message } = find(telegram, call);
  const text = message.text === undefined ? {} : { text: message.text };
  return replace(room, message, call, { ...text, ...media(message), ...checkCaption(message.caption) });
};

function media(message: Message): Content {
  return {
    ...(message.photo ? { photo: message.photo } : {}),
    ...(message.document ? { document: message.document } : {}),
  } as Content;
}

const editMessageMedia: Method = async (telegram, call) => {
  const { room, message } = find(telegram, call);
  const item = call.payload['media'] as {
    type: string;
    media: string;
    caption?: string;
    has_spoiler?: boolean;
  };
  if (item.type === 'photo' && !room.mayPhoto) throw bad('not enough rights to send photos to the chat');
  const content =
    item.type === 'document'
      ? { document: botDocument(telegram.files, item.media, call.uploads) }
      : { photo: await botPhoto(telegram.files, item.media, call.uploads) };
  const spoiler = item.has_spoiler ? { has_media_spoiler: true } : {};
  return replace(room, message, call, { ...content, ...spoiler, ...checkCaption(item.caption) } as Content);
};

const deleteMessage: Method = (telegram, call) => {
  const room = telegram.world.open(call.payload['chat_id']);
  if (!telegram.world.remove(room, Number(call.payload['message_id'])))
    throw bad('message to delete not found');
  return true;
};

const deleteMessages: Method = (telegram, call) => {
  const room = telegram.world.open(call.payload['chat_id']);
  for (const id of call.payload['message_ids'] as number[]) telegram.world.remove(room, id);
  return true;
};

export const editing: Readonly<Record<string, Method>> = {
  editMessageText,
  editMessageCaption,
  editMessageReplyMarkup,
  editMessageMedia,
  deleteMessage,
  deleteMessages,
};
