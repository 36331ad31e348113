/** The names of styles in what people write, and in the list they are shown. */
import type { Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';

/** The style that a text names by id or by its title in any language; undefined when it names none. */
export function styleNamed(styles: readonly Style[], words: string): Style | undefined {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return undefined;
  return styles.find((style) =>
    [style.id, style.title, ...Object.values(style.titles)].some((name) => name.toLowerCase() === wanted),
  );
}

/** All styles, each with its description, a line each. */
export function styleList(styles: readonly Style[], texts: Texts): string {
  return styles.map((style) => `• ${texts.styleTitle(style)}: ${texts.styleDescription(style)}`).join('\n');
}
