/** `/start`, `/help`, `/style`, `/privacy` and the operator's `/stats`. */
import type { Message } from 'grammy/types';
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
    const { outbox, keepMinutes } = this.#parts;
    const texts = this.#parts.texts(localeOf(message.from?.language_code));
    switch (command.name) {
      case 'start':
        await outbox.text(place, texts.start.telegram);
        return;
      case 'help':
        await outbox.text(place, texts.help.telegram);
        return;
      case 'privacy':
        await outbox.text(place, texts.privacy({ keepMinutes }));
        return;
      case 'style':
        return this.#style(command.rest, message, place, texts);
      case 'stats':
        return this.#stats(message, place, texts);
    }
  }

  async #style(wanted: string, message: Message, place: Place, texts: Texts): Promise<void> {
    const { conversation, outbox } = this.#parts;
    const { styles } = conversation;
    const lane = laneOf(requesterOf(message));
    const named = styleNamed(styles, wanted);
    if (named) {
      await conversation.setStyle(lane, named.id);
      await outbox.text(place, texts.style.set({ style: texts.styleTitle(named) }));
      return;
    }
    const current = conversation.styleOf(lane);
    const style = styles.find(({ id }) => id === current);
    const text = wanted
      ? texts.error('unknown_style')
      : texts.style.pick({ current: style ? texts.styleTitle(style) : current });
    await outbox.text(place, text, choiceButtons(styles, current, texts));
  }

  /** For the operator only, and in private: the figures are nobody else's business. */
  async #stats(message: Message, place: Place, texts: Texts): Promise<void> {
    const { outbox, adminIds, stats } = this.#parts;
    if (message.chat.type !== 'private') return;
    const isAdmin = message.from !== undefined && adminIds.includes(String(message.from.id));
    const uptime = Math.round((Date.now() - this.#startedAt) / 1000);
    await outbox.text(place, isAdmin ? texts.stats.report({ ...stats(), uptime }) : texts.stats.denied);
  }
}
