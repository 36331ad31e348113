/** Messages carry no language, interactions do: the language of the people who used a command lately. */
import { LRUCache } from 'lru-cache';
import type { Locale } from '../../../texts/index.ts';

export class RecentLocales {
  readonly #locales: LRUCache<string, Locale>;

  constructor(max = 10_000) {
    this.#locales = new LRUCache({ max });
  }

  set(userId: string, locale: Locale): void {
    this.#locales.set(userId, locale);
  }

  forget(userId: string): void {
    this.#locales.delete(userId);
  }

  of(userId: string): Locale {
    return this.#locales.get(userId) ?? 'en';
  }
}
