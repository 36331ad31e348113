/** Styles as people write them. */
import type { Style } from '../../inference/types.ts';

/** The style that a text names by id or by its title in any language; undefined when it names none. */
export function styleNamed(styles: readonly Style[], words: string): Style | undefined {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return undefined;
  return styles.find((style) =>
    [style.id, style.title, ...Object.values(style.titles)].some((name) => name.toLowerCase() === wanted),
  );
}
