/**
 * Everything people do beside writing messages. Works on Discord's own payloads rather than on discord.js' objects,
 * because the same interactions arrive over the gateway and over the HTTP endpoint.
 */
import { type APIInteraction, InteractionType } from 'discord.js';
import type { Logger } from '../../../observability/logger.ts';
import { createTexts, type Locale, localeOf } from '../../../texts/index.ts';
import { errorKind, loggable } from '../errors.ts';
import { type Acknowledge, ephemeral, requesterOf } from './acknowledge.ts';
import type { Callbacks } from './callbacks.ts';
import type { Commands } from './commands.ts';
import type { CommandInteraction } from './intent.ts';

export interface InteractionsOptions {
  readonly commands: Commands;
  readonly callbacks: Callbacks;
  readonly logger: Logger;
  /** Messages carry no language; it is remembered from the person's interactions. */
  readonly rememberLocale: (userId: string, locale: Locale) => void;
}

export class Interactions {
  readonly #options: InteractionsOptions;
  #isStopping = false;

  constructor(options: InteractionsOptions) {
    this.#options = options;
  }

  /** From now on, interactions are answered with the sentence that the service stops. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Never rejects. */
  async handle(interaction: APIInteraction, acknowledge: Acknowledge): Promise<void> {
    try {
      await this.#dispatch(interaction, acknowledge);
    } catch (error) {
      const kind = errorKind(error);
      // Too late, or acknowledged by another process: there is nobody to answer, and nothing was started.
      const level = kind === 'too_late' || kind === 'acknowledged' ? 'warn' : 'error';
      this.#options.logger[level]({ ...loggable(error), kind }, 'discord interaction not handled');
    }
  }

  async #dispatch(interaction: APIInteraction, acknowledge: Acknowledge): Promise<void> {
    if (interaction.type === InteractionType.Ping) return;
    const { commands, callbacks, rememberLocale } = this.#options;
    const locale = 'locale' in interaction ? localeOf(interaction.locale) : 'en';
    const texts = createTexts(locale);
    if (this.#isStopping) return acknowledge(ephemeral(texts.error('shutting_down')));
    rememberLocale(requesterOf(interaction).id, locale);
    switch (interaction.type) {
      case InteractionType.MessageComponent:
        return callbacks.handle(interaction, texts, acknowledge);
      case InteractionType.ApplicationCommand:
        return commands.handle(interaction as CommandInteraction, texts, acknowledge);
    }
  }
}
