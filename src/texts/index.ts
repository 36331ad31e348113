/** Every sentence a user reads: `createTexts(locale)` gives them, fully typed, in one of seven languages. */
import type { ErrorCode } from '../shared/errors.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import type { Messages } from './messages.ts';
import { ptBR } from './pt-BR.ts';
import { ru } from './ru.ts';
import type { Locale } from './types.ts';
import { uk } from './uk.ts';
import { zh } from './zh.ts';

export { roundSeconds } from './format.ts';
export type { Messages } from './messages.ts';
export * from './types.ts';

export interface Texts extends Omit<Messages, 'errors'> {
  readonly locale: Locale;
  /** The sentence for an error code; `details` are those of the `DctoonError`. */
  error(code: ErrorCode, details?: Readonly<Record<string, string | number>>): string;
  /** A style's title in this language; titles come from the model manifest. */
  styleTitle(style: { readonly title: string; readonly titles: Readonly<Record<string, string>> }): string;
  /** A style's description in this language, from there too. */
  styleDescription(style: {
    readonly description: string;
    readonly descriptions: Readonly<Record<string, string>>;
  }): string;
}

const TABLES: Readonly<Record<Locale, Messages>> = {
  en,
  zh,
  es,
  'pt-BR': ptBR,
  ru,
  de,
  uk,
};

/** Limits of `src/inference`, said when an error does not carry its own. */
const DEFAULT_LIMITS = { megabytes: 20, megapixels: 50 };

export function createTexts(locale: Locale): Texts {
  const { errors, ...messages } = TABLES[locale];
  return {
    ...messages,
    locale,
    error: (code, details = {}) => {
      const number = (name: string) => {
        const value = Number(details[name]);
        return Number.isFinite(value) ? value : undefined;
      };
      const limit = number('limit');
      // Without the number there is nothing to say about the limit, only that it was too much at once.
      const sentence = code === 'user_limit' && limit === undefined ? errors.rate_limited : errors[code];
      return sentence({
        megabytes: number('megabytes') ?? DEFAULT_LIMITS.megabytes,
        megapixels: number('megapixels') ?? DEFAULT_LIMITS.megapixels,
        limit: limit ?? 0,
        seconds: number('seconds'),
      });
    },
    styleTitle: (style) => style.titles[locale] ?? style.title,
    styleDescription: (style) => style.descriptions[locale] ?? style.description,
  };
}
