/** Styles as people call them. */
import type { Style } from '../types.ts';

/** `Pop art`, `pop-art` and `POPART` are one name. */
export const plainName = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]+/g, '');

/** The style that somebody names by its id or by its title in any language; undefined when there is none. */
export function styleNamed(styles: readonly Style[], name: string): Style | undefined {
  const wanted = plainName(name);
  if (wanted === '') return undefined;
  // An id first: it may be the title of another style in some language.
  return (
    styles.find(({ id }) => plainName(id) === wanted) ??
    styles.find(({ title, titles }) =>
      [title, ...Object.values(titles)].some((called) => plainName(called) === wanted),
    )
  );
}
