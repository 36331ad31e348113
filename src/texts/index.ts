/** Every sentence a user reads: `createTexts(locale)` gives them, fully typed, in one of seven languages. */
import type { ErrorCode } from '../errors.ts';
import { type ErrorNumbers, en } from './en.ts';
import type { Locale } from './types.ts';

export { roundSeconds } from './format.ts';
export * from './types.ts';

type Widen<T> = T extends (details: infer D) => string
  ? (details: D) => string
  : T extends string
    ? string
    : { readonly [K in keyof T]: Widen<T[K]> };

/** The message table of one language. */
export type Messages = Widen<Omit<typeof en, 'errors'>> & {
  readonly errors: Readonly<Record<ErrorCode, (details: ErrorNumbers) => string>>;
};

export interface Texts extends Omit<Messages, 'errors'> {
  readonly locale: Locale;
  /** The sentence for an error code; `details` are those of the `DctoonError`. */
  error(code: ErrorCode, details?: Readonly<Record<string, string | number>>): string;
  /** A style's title in this language; titles come from the model manifest. */
  styleTitle(style: { readonly title: string; readonly titles: Readonly<Record<string, string>> }): string;
}

const TABLES: Readonly<Record<Locale, Messages>> = {
  en,
  zh: en,
  es: en,
  'pt-BR': en,
  ru: en,
  de: en,
  uk: en,
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
  };
}
