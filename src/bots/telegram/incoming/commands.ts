/** `/start`, `/help`, `/style`, `/strength`, `/privacy`, `/forget` and the operator's `/stats`. */
import type { InlineKeyboardMarkup, Message } from 'grammy/types';
import { isStrength } from '../../../inference/drawing/strength.ts';
import { styleNamed } from '../../../inference/models/style-names.ts';
import { DctoonError } from '../../../shared/errors.ts';
import { type Locale, localeOf, type Texts } from '../../../texts/index.ts';
import type { Conversation } from '../../conversation/types.ts';
import { choiceButtons } from '../outgoing/keyboards.ts';
import type { Place, Sender } from '../outgoing/sender.ts';
import { type Stats, userOf } from '../types.ts';
import type { CommandName } from './intent.ts';
import { requesterOf } from './reply-target.ts';
import { styleList } from './style-list.ts';
import type { Receipt } from './updates.ts';

export interface CommandsParts {
  readonly conversation: Conversation;
  readonly sender: Sender;
  readonly texts: (locale: Locale) => Texts;
  readonly keepMinutes: number;
  /** Where the page draws on the user's own device, if there is one. */
  readonly onDeviceUrl?: string | undefined;
  readonly adminIds: readonly string[];
  readonly stats: () => Stats;
  /** Deletes what the inbox has of a person. */
  readonly forgetUpdates: (requester: number) => Promise<void>;
}

export interface Command {
  readonly name: CommandName;
  readonly rest: string;
}

type Say = (text: string, keyboard?: InlineKeyboardMarkup) => void;

export class Commands {
  readonly #parts: CommandsParts;
  readonly #startedAt = Date.now();

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  async handle(command: Command, message: Message, place: Place, receipt: Receipt): Promise<void> {
    const { keepMinutes, onDeviceUrl } = this.#parts;
    // Nobody waits for the sending: it may have to wait for its turn in the chat.
    const say = (text: string, keyboard?: InlineKeyboardMarkup) =>
      receipt.later(this.#parts.sender.text(place, text, keyboard));
    const texts = this.#parts.texts(localeOf(message.from?.language_code));
    const onDevice = onDeviceUrl === undefined ? '' : `\n${texts.help.onDevice({ url: onDeviceUrl })}`;
    switch (command.name) {
      case 'start':
        return say(texts.start.telegram);
      case 'help':
        return say(texts.help.telegram + onDevice);
      case 'privacy':
        return say(`${texts.privacy({ keepMinutes })}\n${texts.forget.byCommand}${onDevice}`);
      case 'forget':
        return this.#forget(message, texts, say, receipt);
      case 'style':
        return this.#style(command.rest, message, texts, say);
      case 'strength':
        return this.#strength(command.rest, message, texts, say);
      case 'stats':
        return this.#stats(message, texts, say);
    }
  }

  /** Deletes what is stored about the sender, and says what that was; an error that keeps it from being deleted too. */
  async #forget(message: Message, texts: Texts, say: Say, receipt: Receipt): Promise<void> {
    try {
      const { style, strength, ...counts } = await this.#parts.conversation.forget(
        userOf(requesterOf(message)),
      );
      receipt.later(this.#parts.forgetUpdates(requesterOf(message)));
      say(texts.forget.done({ hasStyle: style, hasStrength: strength, ...counts }));
    } catch (error) {
      const { code, details } = DctoonError.from(error);
      say(texts.error(code, details));
    }
  }

  async #style(wanted: string, message: Message, texts: Texts, say: Say): Promise<void> {
    const { conversation } = this.#parts;
    const { styles } = conversation;
    const user = userOf(requesterOf(message));
    const named = styleNamed(styles, wanted);
    if (named) {
      await conversation.setStyle(user, named.id);
      return say(texts.style.set({ style: texts.styleTitle(named) }));
    }
    const current = conversation.styleOf(user);
    const style = styles.find(({ id }) => id === current);
    const text = wanted
      ? texts.error('unknown_style')
      : texts.style.pick({ current: style ? texts.styleTitle(style) : current });
    // Titles alone are on the buttons; what they mean has room only here.
    say(`${text}\n\n${styleList(styles, texts)}`, choiceButtons(styles, current, texts));
  }

  async #strength(wanted: string, message: Message, texts: Texts, say: Say): Promise<void> {
    const { conversation } = this.#parts;
    const user = userOf(requesterOf(message));
    if (!wanted) return say(texts.strength.pick({ percent: conversation.strengthOf(user) }));
    const percent = Number(/^(\d{1,3})\s*%?$/.exec(wanted)?.[1]);
    if (!isStrength(percent)) return say(texts.strength.wrong);
    await conversation.setStrength(user, percent);
    say(texts.strength.set({ percent }));
  }

  /** For the operator only, and in private: the figures are nobody else's business. */
  #stats(message: Message, texts: Texts, say: Say): void {
    const { adminIds, stats } = this.#parts;
    if (message.chat.type !== 'private') return;
    const isAdmin = message.from !== undefined && adminIds.includes(String(message.from.id));
    const uptime = Math.round((Date.now() - this.#startedAt) / 1000);
    say(isAdmin ? texts.stats.report({ ...stats(), uptime }) : texts.stats.denied);
  }
}
