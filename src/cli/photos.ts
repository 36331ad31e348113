/** From what stands on the command line (files, folders, globs) to photos, and from photos to the names of their cartoons. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import type { PhotoFormat } from '../inference/types.ts';
import { EXIT } from './exit.ts';
import { CommandError } from './failure.ts';

/** What a folder is searched for. HEIC cannot be drawn, but whoever has some should hear that. */
const PHOTOS = '**/*.{jpg,jpeg,png,webp,gif,avif,heic,heif}';
const EXTENSIONS: Readonly<Record<PhotoFormat, string>> = { jpeg: '.jpg', png: '.png' };

export interface Photo {
  readonly path: string;
  /** Folder below the searched one, kept below `--out`; empty for files and globs. */
  readonly subfolder: string;
}

/**
 * @param skip a folder that is not searched: the cartoons of an earlier run are no photos
 * @throws CommandError where something is not there
 */
export async function findPhotos(inputs: readonly string[], skip?: string): Promise<readonly Photo[]> {
  const photos = new Map<string, Photo>();
  const skipped = skip === undefined ? undefined : resolve(skip) + sep;
  for (const input of inputs) {
    for (const photo of await expand(input)) {
      const path = resolve(photo.path);
      // A file named by itself is always meant.
      const isNamed = photo.path === input;
      if (isNamed || !skipped || !path.startsWith(skipped)) photos.set(path, photo);
    }
  }
  return [...photos.values()];
}

async function expand(input: string): Promise<readonly Photo[]> {
  if (existsSync(input)) {
    if (!statSync(input).isDirectory()) return [{ path: input, subfolder: '' }];
    const found = await glob(PHOTOS, { cwd: input, caseSensitiveMatch: false });
    if (found.length === 0) throw new CommandError(EXIT.failed, `There is no photo in the folder ${input}.`);
    return found.sort().map((path) => ({ path: join(input, path), subfolder: dirname(path) }));
  }
  // Windows shells leave both the pattern and its backslashes to the program.
  const pattern = sep === '\\' ? input.replaceAll(sep, '/') : input;
  if (!isDynamicPattern(pattern)) {
    throw new CommandError(EXIT.failed, `Cannot read ${input}: there is no such file or folder.`);
  }
  const found = await glob(pattern, { caseSensitiveMatch: false, expandDirectories: false });
  if (found.length === 0) throw new CommandError(EXIT.failed, `No file matches ${input}.`);
  return found.sort().map((path) => ({ path, subfolder: '' }));
}

/** Gives every photo a name of its own below a folder: `<name>-<style>.jpg`, and a number where two would be the same. */
export class Names {
  readonly #folder: string;
  readonly #taken = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  of({ path, subfolder }: Photo, style: string, format: PhotoFormat): string {
    const stem = `${basename(path, extname(path))}-${style}`;
    for (let number = 1; ; number++) {
      const name = join(
        this.#folder,
        subfolder,
        `${stem}${number > 1 ? `-${number}` : ''}${EXTENSIONS[format]}`,
      );
      // Some file systems do not tell A.jpg from a.jpg.
      const key = name.toLowerCase();
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      return name;
    }
  }
}

/** @throws CommandError where the name says nothing */
export function formatOf(path: string): PhotoFormat {
  const formats: Record<string, PhotoFormat> = { '.jpg': 'jpeg', '.jpeg': 'jpeg', '.png': 'png' };
  const format = formats[extname(path).toLowerCase()];
  if (format) return format;
  throw new CommandError(
    EXIT.usage,
    `${path}: the name must end in .jpg or .png, or --format must say which it is.`,
  );
}
