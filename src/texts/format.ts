/** Numbers inside sentences: plural forms, durations and lists by the rules of a language (CLDR, through `Intl`). */
import type { Locale } from './types.ts';

/** Forms of one phrase; a language fills those its CLDR plural rules use, `other` always. */
type PluralForms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

export interface Format {
  /** Picks the plural form for `count` and puts the number in place of `#`. */
  plural(count: number, forms: PluralForms): string;
  /**
   * A span of time such as `20 s`, `3 min` or `5 h`, rounded by `roundSeconds`. Units are abbreviated, so no case
   * endings are needed; German abbreviations end in a full stop, so a sentence never ends in a duration.
   */
  duration(seconds: number): string;
  /** `a, b and c` */
  list(items: readonly string[]): string;
}

/**
 * A wait as people want to read it: steps of 5 s below a minute, whole minutes (up) above. Two waits that round
 * to the same value read the same, so a status message need not be edited.
 */
export function roundSeconds(seconds: number): number {
  if (seconds > 55) return Math.ceil(seconds / 60) * 60;
  return Math.max(5, Math.ceil(seconds / 5) * 5);
}

export function createFormat(locale: Locale): Format {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const unit = (value: number, name: 'second' | 'minute' | 'hour') =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  const conjunction = new Intl.ListFormat(locale, { type: 'conjunction' });
  return {
    plural: (count, forms) =>
      (forms[rules.select(count)] ?? forms.other).replaceAll('#', numbers.format(count)),
    duration: (seconds) => {
      const rounded = roundSeconds(seconds);
      if (rounded < 60) return unit(rounded, 'second');
      return rounded < 7200 ? unit(rounded / 60, 'minute') : unit(Math.round(rounded / 3600), 'hour');
    },
    list: (items) => conjunction.format(items),
  };
}

/** A heading and a line for each kind of thing of which there is one; `nothing` when there is none. */
export function counted(
  heading: string,
  nothing: string,
  kinds: readonly (readonly [count: number, line: string])[],
): string {
  const lines = kinds.filter(([count]) => count > 0).map(([, line]) => `• ${line}`);
  return lines.length > 0 ? [heading, ...lines].join('\n') : nothing;
}
