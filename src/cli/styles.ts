/** The styles on the command line: which of them are meant, and the list of all. */
import { readManifest, stylesOf } from '../inference/models/manifest.ts';
import { plainName, styleNamed } from '../inference/models/style-names.ts';
import type { Style } from '../inference/types.ts';
import { DctoonError } from '../shared/errors.ts';
import { type CommandResult, EXIT } from './exit.ts';
import { CommandError } from './failure.ts';

/**
 * @param wanted an id, a title, or `all`
 * @throws CommandError that names the styles that there are
 */
export function chosenStyles(known: readonly Style[], wanted: string): readonly Style[] {
  if (wanted === 'all') return known;
  const style = styleNamed(known, wanted);
  if (style) return [style];
  const names = known.map(({ id, title }) => (plainName(id) === plainName(title) ? id : `${id} (${title})`));
  throw new CommandError(EXIT.usage, `There is no style "${wanted}". There is: ${names.join(', ')}, all.`);
}

/** `dctoon styles`: a line for each, or JSON for programs. */
export async function listStyles(models: string, json: boolean): Promise<CommandResult> {
  try {
    const styles = stylesOf(await readManifest(models));
    const wide = (get: (style: Style) => string) => Math.max(...styles.map((style) => get(style).length)) + 2;
    const [ids, titles] = [wide(({ id }) => id), wide(({ title }) => title)];
    const message = json
      ? JSON.stringify(styles.map(({ id, title, description }) => ({ id, title, description })))
      : styles
          .map(({ id, title, description }) => `${id.padEnd(ids)}${title.padEnd(titles)}${description}`)
          .join('\n');
    return { exitCode: EXIT.done, message };
  } catch (error) {
    return { exitCode: EXIT.broken, message: DctoonError.from(error).message };
  }
}
