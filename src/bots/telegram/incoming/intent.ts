/**
 * Understands a message: does it concern the bot, and what does it ask for? Pure, so that every rule of groups can be
 * read and tested in one place.
 */
import type { ExternalReplyInfo, Message, MessageEntity } from 'grammy/types';
import type { Shape } from '../../../inference/types.ts';
import { type IncomingPhoto, type MediaMatch, mediaIn, type Refusal } from './media.ts';

export interface BotIdentity {
  readonly id: number;
  readonly username: string;
}

/** Commands that are about the bot. */
const COMMAND_NAMES = ['start', 'help', 'style', 'strength', 'privacy', 'forget', 'stats'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];
/** Commands about a picture, and what its cartoon is cut to. */
const DRAW_COMMANDS: Readonly<Record<string, Shape>> = {
  cartoon: 'photo',
  sticker: 'sticker',
  avatar: 'avatar',
};
const isCommandName = (name: string): name is CommandName => COMMAND_NAMES.some((known) => known === name);

export type Intent =
  | { readonly kind: 'command'; readonly name: CommandName; readonly rest: string }
  /** Draw this photo; `message` is the one the answer replies to, `words` may name a style. */
  | {
      readonly kind: 'draw';
      readonly photo: IncomingPhoto;
      readonly message: number;
      readonly words: string;
      readonly byCommand: boolean;
      readonly as: Shape;
    }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'hint'; readonly hint: 'sendPhoto' | 'mention' | 'replyWithCommand' }
  /** A sticker of a set that the bot made: its person may want to change or remove it. */
  | {
      readonly kind: 'ownSticker';
      readonly set: string;
      readonly unique: string;
      readonly photo: IncomingPhoto;
    }
  /** A part of an album in a group; it concerns the bot when another part does. */
  | { readonly kind: 'albumPart'; readonly photo: IncomingPhoto };

/** Telegram's own account for administrators who write anonymously. */
const ANONYMOUS_ADMIN = 1087968824;

interface Words {
  readonly command: string | undefined;
  readonly mentioned: boolean;
  /** What is left without the command and the mention. */
  readonly rest: string;
  /** A command for another bot. */
  readonly foreign: boolean;
}

/** What a message asks of the bot; undefined = nothing, stay silent. */
export function intentOf(message: Message, me: BotIdentity): Intent | undefined {
  const { from, chat } = message;
  if (from?.is_bot && !message.sender_chat && from.id !== ANONYMOUS_ADMIN) return undefined;
  const words = readWords(message, me);
  if (words.foreign) return undefined;
  if (isOnBehalf(message)) return onBehalf(message, words);
  const isPrivate = chat.type === 'private';
  const { command } = words;
  if (command !== undefined && isCommandName(command)) {
    return { kind: 'command', name: command, rest: words.rest };
  }
  const called = drawCommand(words) !== undefined || words.mentioned;
  const own = mediaIn(message);
  if (isPrivate || called) {
    if (own) return ownSticker(message, me, own, words) ?? drawOrRefuse(own, message.message_id, words);
    return called ? fromReply(message, words) : privateHint(message);
  }
  return fromGroup(message, own, words, me);
}

/** A post of a channel, or a message of a business account: whatever is answered is said in somebody else's name. */
export function isOnBehalf({ chat, business_connection_id }: Message): boolean {
  return chat.type === 'channel' || business_connection_id !== undefined;
}

/** There a picture is drawn when a command asks for it, and nothing else is said. */
function onBehalf(message: Message, words: Words): Intent | undefined {
  // What we sent ourselves in the name of a business comes back.
  if (message.sender_business_bot || drawCommand(words) === undefined) return undefined;
  const own = mediaIn(message);
  const intent = own ? drawOrRefuse(own, message.message_id, words) : fromReply(message, words);
  return intent.kind === 'draw' ? intent : undefined;
}

/** A group message that names the bot nowhere: only a picture in reply to the bot is meant for it. */
function fromGroup(
  message: Message,
  own: MediaMatch | undefined,
  words: Words,
  me: BotIdentity,
): Intent | undefined {
  if (!own || 'refusal' in own) return undefined;
  const toMe = message.reply_to_message?.from?.id === me.id;
  // People answer a cartoon with stickers; those are for each other.
  if (toMe && !message.sticker) return drawOrRefuse(own, message.message_id, words);
  return message.media_group_id === undefined ? undefined : { kind: 'albumPart', photo: own.photo };
}

/** `/cartoon` or a mention without a picture of its own: the message it replies to has it. */
function fromReply(message: Message, words: Words): Intent {
  const source = message.reply_to_message;
  const found = source && mediaIn(source);
  if (found) return drawOrRefuse(found, source.message_id, words);
  const elsewhere = message.external_reply && mediaIn(message.external_reply);
  // A message of another chat cannot be replied to from here without showing where it came from.
  if (elsewhere) return drawOrRefuse(elsewhere, message.message_id, words);
  return { kind: 'hint', hint: drawCommand(words) ? 'replyWithCommand' : 'mention' };
}

function privateHint(message: Message): Intent | undefined {
  const { text, voice, audio, contact, location, poll, dice, story } = message;
  const said = text ?? voice ?? audio ?? contact ?? location ?? poll ?? dice ?? story;
  return said === undefined ? undefined : { kind: 'hint', hint: 'sendPhoto' };
}

/** Sent without a command; with one it is drawn as any other. */
function ownSticker(
  { sticker }: Message,
  me: BotIdentity,
  own: MediaMatch,
  { command }: Words,
): Intent | undefined {
  const set = sticker?.set_name;
  const isOurs = set?.toLowerCase().endsWith(`_by_${me.username.toLowerCase()}`);
  if (!sticker || set === undefined || !isOurs || command !== undefined || 'refusal' in own) return undefined;
  return { kind: 'ownSticker', set, unique: sticker.file_unique_id, photo: own.photo };
}

function drawOrRefuse(found: MediaMatch, message: number, words: Words): Intent {
  if ('refusal' in found) return { kind: 'refuse', refusal: found.refusal };
  const as = drawCommand(words);
  const byCommand = as !== undefined;
  return { kind: 'draw', photo: found.photo, message, words: words.rest, byCommand, as: as ?? 'photo' };
}

/** The photo of a message that a result replies to, also when it is in another chat. */
export function photoInSource(source: Message): IncomingPhoto | undefined {
  const external: ExternalReplyInfo | undefined = source.external_reply;
  const found = mediaIn(source) ?? (external && mediaIn(external));
  return found && 'photo' in found ? found.photo : undefined;
}

/** What a command about a picture wants it cut to; undefined = no such command. */
const drawCommand = ({ command }: Words): Shape | undefined =>
  command !== undefined && Object.hasOwn(DRAW_COMMANDS, command) ? DRAW_COMMANDS[command] : undefined;

function readWords(message: Message, me: BotIdentity): Words {
  // Captions have their commands in `caption_entities`; grammY's `bot.command` does not look there.
  const text = message.text ?? message.caption ?? '';
  const entities = message.entities ?? message.caption_entities ?? [];
  const name = `@${me.username}`.toLowerCase();
  const part = (entity: MessageEntity) => text.slice(entity.offset, entity.offset + entity.length);
  let command: string | undefined;
  let foreign = false;
  let mentioned = false;
  let rest = text;
  for (const entity of [...entities].reverse()) {
    const word = part(entity).toLowerCase();
    const isMention = entity.type === 'mention' ? word === name : isTextMention(entity, me);
    const isCommand = entity.type === 'bot_command' && entity.offset === 0;
    if (!isMention && !isCommand) continue;
    rest = rest.slice(0, entity.offset) + rest.slice(entity.offset + entity.length);
    if (isMention) mentioned = true;
    if (!isCommand) continue;
    const [verb, target] = word.slice(1).split('@');
    foreign = target !== undefined && `@${target}` !== name;
    command = verb;
  }
  return { command, mentioned, rest: rest.trim(), foreign };
}

const isTextMention = (entity: MessageEntity, me: BotIdentity) =>
  entity.type === 'text_mention' && entity.user.id === me.id;
