/** Languages of every text a user reads; the same seven on Telegram, Discord and the page. */
export const LOCALES = ['en', 'zh', 'es', 'pt-BR', 'ru', 'de', 'uk'] as const;
export type Locale = (typeof LOCALES)[number];

/**
 * Picks the language for a platform's code (`en-US`, `zh-CN`, `es-419`, `pt`, `uk` ...). Unknown codes give English.
 */
export function localeOf(code: string | null | undefined): Locale {
  if (!code) return 'en';
  const lower = code.toLowerCase();
  const language = lower.split(/[-_]/)[0];
  if (language === 'pt') return 'pt-BR';
  return LOCALES.find((locale) => locale.toLowerCase() === lower || locale === language) ?? 'en';
}

/** What an error sentence may mention. The limits are always there; a wait only when it is known. */
export interface ErrorNumbers {
  readonly megabytes: number;
  readonly megapixels: number;
  readonly limit: number;
  readonly seconds: number | undefined;
}
