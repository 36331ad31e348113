import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../src/shared/errors.ts';
import { createFormat, roundSeconds } from '../../src/texts/format.ts';
import { createTexts, LOCALES, type Locale, localeOf, type Texts } from '../../src/texts/index.ts';

/** Every sentence of a language under its path; messages that are functions are called with recognisable arguments. */
function sentences(locale: Locale): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string, value: unknown) => {
    if (typeof value === 'string') found.set(path, value);
    else if (typeof value === 'function') found.set(path, value(sample()));
    else
      for (const [key, child] of Object.entries(value as object)) visit(path ? `${path}.${key}` : key, child);
  };
  const { error, styleTitle, styleDescription, locale: _, ...messages } = createTexts(locale);
  visit('', messages);
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    found.set(`error.${code}`, error(code, { megabytes: 77, megapixels: 66, limit: 55, seconds: 2640 }));
  }
  return found;
}

/** 44 minutes, 33 of everything counted: numbers that stand nowhere in the sentences themselves. */
function sample(): unknown {
  const values: Record<string, unknown> = {
    seconds: 2640,
    uptime: 2640,
    style: 'S-STYLE',
    current: 'S-CURRENT',
  };
  return new Proxy(values, {
    get: (target, key: string) => (key === 'names' ? ['N-ONE', 'N-TWO'] : (target[key] ?? 33)),
  });
}

const english = sentences('en');
const others = LOCALES.filter((locale) => locale !== 'en');

describe.each(LOCALES)('texts in %s', (locale) => {
  const texts = createTexts(locale);
  const all = sentences(locale);

  it('has exactly the keys of the English table, none of them empty', () => {
    expect([...all.keys()].sort()).toEqual([...english.keys()].sort());
    expect([...all].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('says every number, name and style it is given', () => {
    const marks = /S-STYLE|S-CURRENT|N-ONE|N-TWO|77|33|44|55|66/g;
    // Chinese counts pixels in units of ten thousand: 66 megapixels are 6600 of them.
    for (const [path, text] of english) {
      const expected = new Set(text.match(marks));
      expect([path, new Set(all.get(path)?.match(marks))]).toEqual([path, expected]);
    }
    for (const [path, text] of all)
      expect([path, text]).not.toEqual([path, expect.stringMatching(/undefined|NaN|\[object|#/)]);
  });

  it("keeps Telegram's limits", () => {
    expect(texts.bot.description.length).toBeLessThanOrEqual(512);
    expect(texts.bot.about.length).toBeLessThanOrEqual(120);
    for (const description of Object.values(texts.commands.telegram)) {
      expect(description.length).toBeLessThanOrEqual(100);
    }
    // Shown as the answer to a button: at most 200 characters.
    for (const text of [
      ...Object.values(texts.cancel),
      texts.input.sourceGone,
      texts.stats.denied,
      texts.style.set({ style: 'x'.repeat(30) }),
    ]) {
      expect(text.length).toBeLessThanOrEqual(200);
    }
    for (const text of Object.keys(ERROR_CODES).map((code) => all.get(`error.${code}`) ?? '')) {
      expect(text.length).toBeLessThanOrEqual(200);
    }
  });

  it("keeps Discord's limits for names, descriptions and labels", () => {
    const name = /^[-_'\p{L}\p{N}]{1,32}$/u;
    const { messageMenu, userMenu, ...commands } = texts.commands.discord;
    for (const menu of [messageMenu, userMenu]) expect(menu.length).toBeLessThanOrEqual(32);
    const named = Object.values(commands);
    expect(new Set(named.map((command) => command.name)).size).toBe(named.length);
    for (const command of named) {
      const options = 'options' in command ? Object.values(command.options) : [];
      expect(new Set(options.map((option) => option.name)).size).toBe(options.length);
      for (const part of [command, ...options]) {
        expect(part.name).toMatch(name);
        expect(part.name).toBe(part.name.toLocaleLowerCase(locale));
        expect(part.description.length).toBeGreaterThan(0);
        expect(part.description.length).toBeLessThanOrEqual(100);
      }
    }
    for (const label of [texts.cancel.label, texts.style.another, ...Object.values(texts.buttons)]) {
      expect(label.length).toBeLessThanOrEqual(80);
    }
    expect(texts.help.discord.length).toBeLessThanOrEqual(2000);
  });

  it('never writes two full stops in a row, nor markup', () => {
    for (const [path, text] of all) {
      expect([path, text]).not.toEqual([path, expect.stringMatching(/(?<!\.)\.\.(?!\.)|[*`<]|。。| {2}/)]);
    }
  });

  it('names its own commands in the help it gives', () => {
    const { discord } = texts.commands;
    for (const command of [discord.cartoonize, discord.styles, discord.privacy]) {
      expect(texts.help.discord).toContain(`/${command.name}`);
    }
    for (const text of [texts.help.discord, texts.input.useApps]) {
      expect(text).toContain(`> ${discord.messageMenu}`);
    }
    for (const command of ['/cartoon', '/style', '/privacy']) expect(texts.help.telegram).toContain(command);
  });
});

describe.each(others)('translation into %s', (locale) => {
  it('leaves no English over', () => {
    /** Words that are the same in that language, or names. */
    const shared = new Set(['spoiler', 'link', 'Avatar', 'Sticker', 'Emoji']);
    const leftover = [...sentences(locale)].filter(
      ([path, text]) => text === english.get(path) && !shared.has(text) && !/^\W*$/.test(text),
    );
    const allowed: Partial<Record<Locale, string[]>> = {
      de: ['commands.discord.cartoonize.options.format.name'],
    };
    expect(leftover.map(([path]) => path).filter((path) => !allowed[locale]?.includes(path))).toEqual([]);
    const words = /\b(the|your|please|photo|again|picture|with)\b/i;
    expect([...sentences(locale)].filter(([, text]) => words.test(text))).toEqual([]);
  });

  it('is written in its own script', () => {
    const script = { zh: /\p{sc=Han}/u, ru: /\p{sc=Cyrillic}/u, uk: /\p{sc=Cyrillic}/u } as Partial<
      Record<Locale, RegExp>
    >;
    const own = script[locale] ?? /\p{sc=Latin}/u;
    expect([...sentences(locale)].filter(([, text]) => !own.test(text))).toEqual([]);
    if (locale === 'uk')
      expect([...sentences(locale)].filter(([, text]) => /[ыэёъ]/i.test(text))).toEqual([]);
    if (locale === 'ru')
      expect([...sentences(locale)].filter(([, text]) => /[іїєґ]/i.test(text))).toEqual([]);
  });
});

describe('numbers in sentences', () => {
  const faces = (locale: Locale, counts: number[]) =>
    counts.map((count) => createTexts(locale).result.faces({ count }));

  it('uses the plural forms of each language', () => {
    expect(faces('ru', [1, 2, 5, 21])).toEqual([
      'Нашёл и нарисовал 1 лицо.',
      'Нашёл и нарисовал все 2 лица.',
      'Нашёл и нарисовал все 5 лиц.',
      'Нашёл и нарисовал 21 лицо.',
    ]);
    expect(faces('uk', [1, 2, 5])[2]).toContain('5 облич');
    expect(createTexts('en').status.queued({ ahead: 1, seconds: 8 })).toBe(
      '1 photo ahead of yours (about 10 sec).',
    );
    expect(createTexts('ru').privacy({ keepMinutes: 15 })).toContain('через 15 минут после');
    expect(createTexts('ru').privacy({ keepMinutes: 2 })).toContain('через 2 минуты после');
    expect(createTexts('ru').privacy({ keepMinutes: 1 })).toContain('через 1 минуту после');
  });

  it('says when photos are deleted at once', () => {
    for (const locale of LOCALES) {
      expect(createTexts(locale).privacy({ keepMinutes: 0 })).not.toMatch(/0/);
      expect(createTexts(locale).web.privacy({ keepMinutes: 0 })).not.toMatch(/0/);
    }
  });

  it('rounds waits to what people read', () => {
    expect([0, 4, 6, 55, 56, 61, 3599].map(roundSeconds)).toEqual([5, 5, 10, 55, 60, 120, 3600]);
    const { duration } = createFormat('en');
    expect([3, 90, 3600, 7200, 200_000].map(duration)).toEqual(['5 sec', '2 min', '60 min', '2 hr', '56 hr']);
  });

  it('fills in what an error does not say', () => {
    const texts: Texts = createTexts('en');
    expect(texts.error('too_large')).toContain('20 MB');
    expect(texts.error('too_many_pixels')).toContain('50 megapixels');
    expect(texts.error('user_limit')).toBe(texts.error('rate_limited'));
    expect(texts.error('queue_full')).toContain('later');
    expect(texts.error('queue_full', { seconds: 90 })).toContain('2 min');
  });
});

describe('localeOf', () => {
  it.each([
    ['en-US', 'en'],
    ['zh-CN', 'zh'],
    ['zh-hans', 'zh'],
    ['es-419', 'es'],
    ['pt', 'pt-BR'],
    ['pt-br', 'pt-BR'],
    ['uk', 'uk'],
    ['ru_RU', 'ru'],
    ['fr', 'en'],
    ['', 'en'],
    [undefined, 'en'],
    [null, 'en'],
  ])('%s -> %s', (code, locale) => {
    expect(localeOf(code)).toBe(locale);
  });
});
