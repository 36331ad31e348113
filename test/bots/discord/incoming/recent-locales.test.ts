import { expect, it } from 'vitest';
import { RecentLocales } from '../../../../src/bots/discord/incoming/recent-locales.ts';

it('locales: the latest people are remembered', () => {
  const locales = new RecentLocales(2);
  locales.set('a', 'de');
  locales.set('b', 'ru');
  locales.set('a', 'es');
  locales.set('c', 'uk');
  expect([locales.of('a'), locales.of('b'), locales.of('c')]).toEqual(['es', 'en', 'uk']);
});
