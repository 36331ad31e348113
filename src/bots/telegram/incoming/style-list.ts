/** The list of styles that people are shown. */
import type { Style } from '../../../inference/types.ts';
import type { Texts } from '../../../texts/index.ts';

/** All styles, each with its description, a line each. */
export function styleList(styles: readonly Style[], texts: Texts): string {
  return styles.map((style) => `• ${texts.styleTitle(style)}: ${texts.styleDescription(style)}`).join('\n');
}
