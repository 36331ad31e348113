/** `/start`, `/help`, `/style`, `/privacy` and the operator's `/stats`. */
import type { InlineKeyboardMarkup, Message } from 'grammy/types';
import { type Locale, localeOf, type Texts } from '../../texts/index.ts';
import type { Conversation } from '../conversation/types.ts';
import type { CommandName } from './asks.ts';
import { choiceButtons } from './buttons.ts';
import type { Outbox, Place } from './outbox.ts';
import { requesterOf } from './places.ts';
import { styleNamed } from './styles.ts';
import { laneOf, type Stats } from './types.ts';

export interface CommandsParts {
  readonly conversation: Conversation;
  readonly outbox: Outbox;
  readonly texts: (locale: Locale) => Texts;
  readonly keepMinutes: number;
  readonly adminIds: readonly string[];
  readonly stats: () => Stats;
  readonly background: (work: Promise<unknown>) => void;
}

export interface Command {
  readonly name: CommandName;
  readonly rest: string;
}

export class Commands {
  readonly #parts: CommandsParts;
  readonly #startedAt = Date.now();

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  async handle(command: Command, message: Message, place: Place): Promise<void> {
    const { keepMinutes } = this.#parts;
    const texts = this.#parts.texts(localeOf(message.from?.language_code));
    switch (command.name) {
      case 'start':
        return this.#say(place, texts.start.telegram);
      case 'help':
        return this.#say(place, texts.help.telegram);
      case 'privacy':
        return this.#say(place, texts.privacy({ keepMinutes }));
      case 'style':
        return this.#style(command.rest, message, place, texts);
      case 'stats':
        return this.#stats(message, place, texts);
    }
  }

  async #style(wanted: string, message: Message, place: Place, texts: Texts): Promise<void> {
    const { conversation } = this.#parts;
    const { styles } = conversation;
    const lane = laneOf(requesterOf(message));
    const named = styleNamed(styles, wanted);
    if (named) {
      await conversation.setStyle(lane, named.id);
      return this.#say(place, texts.style.set({ style: texts.styleTitle(named) }));
    }
    const current = conversation.styleOf(lane);
    const style = styles.find(({ id }) => id === current);
    const text = wanted
      ? texts.error('unknown_style')
      : texts.style.pick({ current: style ? texts.styleTitle(style) : current });
    this.#say(place, text, choiceButtons(styles, current, texts));
  }

  /** For the operator only, and in private: the figures are nobody else's business. */
  #stats(message: Message, place: Place, texts: Texts): void {
    const { adminIds, stats } = this.#parts;
    if (message.chat.type !== 'private') return;
    const isAdmin = message.from !== undefined && adminIds.includes(String(message.from.id));
    const uptime = Math.round((Date.now() - this.#startedAt) / 1000);
    this.#say(place, isAdmin ? texts.stats.report({ ...stats(), uptime }) : texts.stats.denied);
  }

  /** Nobody waits for the sending: it may have to wait for its turn in the chat. */
  #say(place: Place, text: string, keyboard?: InlineKeyboardMarkup): void {
    const { outbox, background } = this.#parts;
    background(outbox.text(place, text, keyboard));
  }
}
