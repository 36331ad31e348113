/** Messages carry no language, interactions do: the language of the people who used a command lately. */
import type { Locale } from '../../../texts/index.ts';

export class RecentLocales {
  readonly #max: number;
  readonly #locales = new Map<string, Locale>();

  constructor(max = 10_000) {
    this.#max = max;
  }

  set(userId: string, locale: Locale): void {
    this.#locales.delete(userId);
    this.#locales.set(userId, locale);
    const oldest = this.#locales.keys().next();
    if (this.#locales.size > this.#max && !oldest.done) this.#locales.delete(oldest.value);
  }

  of(userId: string): Locale {
    return this.#locales.get(userId) ?? 'en';
  }
}
