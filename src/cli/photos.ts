/** From what stands on the command line (files, folders, globs) to photos, and from photos to the names of their cartoons. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import type { PhotoFormat } from '../inference/types.ts';
import { EXIT } from './exit.ts';
import { CommandError } from './failure.ts';

/**
 * What a folder is searched for: all names under which the accepted formats go about (an MPO is a JPEG with more pictures behind it, a
 * PNG may be animated). HEIC cannot be drawn, but whoever has some should hear that.
 */
const PHOTOS = new Set(
  'jpg jpeg jpe jfif jif pjpeg pjp mpo png apng webp gif avif avifs heic heics heif heifs hif'.split(' '),
);
/** Pictures too, but none that can be drawn: a folder's are named, not passed over without a word. */
const OTHERS = new Set(
  'bmp dib tif tiff jxl jxr jp2 j2k psd svg ico raw dng cr2 cr3 nef arw orf rw2 raf tga exr hdr'.split(' '),
);
const EXTENSIONS: Readonly<Record<PhotoFormat, string>> = {
  jpeg: '.jpg',
  png: '.png',
  webp: '.webp',
  avif: '.avif',
};

/** Standard input where a photo is named, standard output where a file to write is. */
export const STDIO = '-';

export interface Found {
  readonly photos: readonly Photo[];
  /** Pictures in the folders that cannot be drawn. */
  readonly passedOver: readonly string[];
}

export interface Photo {
  readonly path: string;
  /** Folder below the searched one, kept below `--out`; empty for files and globs. */
  readonly subfolder: string;
}

/**
 * @param skip a folder that is not searched: the cartoons of an earlier run are no photos
 * @throws CommandError where something is not there
 */
export async function findPhotos(inputs: readonly string[], skip?: string): Promise<Found> {
  const photos = new Map<string, Photo>();
  const passedOver = new Set<string>();
  const skipped = skip === undefined ? undefined : resolve(skip) + sep;
  for (const input of inputs) {
    if (input === STDIO) {
      photos.set(STDIO, { path: STDIO, subfolder: '' });
      continue;
    }
    const found = await expand(input);
    for (const photo of found.photos) {
      const path = resolve(photo.path);
      // A file named by itself is always meant.
      const isNamed = photo.path === input;
      if (isNamed || !skipped || !path.startsWith(skipped)) photos.set(path, photo);
    }
    for (const path of found.passedOver) passedOver.add(path);
  }
  return { photos: [...photos.values()], passedOver: [...passedOver] };
}

async function expand(input: string): Promise<Found> {
  if (existsSync(input)) {
    if (!statSync(input).isDirectory()) return { photos: [{ path: input, subfolder: '' }], passedOver: [] };
    return await inFolder(input);
  }
  // Windows shells leave both the pattern and its backslashes to the program.
  const pattern = sep === '\\' ? input.replaceAll(sep, '/') : input;
  if (!isDynamicPattern(pattern)) {
    throw new CommandError(EXIT.failed, `Cannot read ${input}: there is no such file or folder.`);
  }
  const found = await glob(pattern, { caseSensitiveMatch: false, expandDirectories: false });
  if (found.length === 0) throw new CommandError(EXIT.failed, `No file matches ${input}.`);
  return { photos: found.sort().map((path) => ({ path, subfolder: '' })), passedOver: [] };
}

async function inFolder(folder: string): Promise<Found> {
  const files = (await glob('**/*', { cwd: folder })).sort();
  const those = (kinds: ReadonlySet<string>) =>
    files.filter((path) => kinds.has(extname(path).slice(1).toLowerCase()));
  const found = those(PHOTOS);
  const passedOver = those(OTHERS).map((path) => join(folder, path));
  if (found.length === 0) {
    const others = passedOver.length > 0 ? `, only kinds that cannot be drawn (${passedOver[0]})` : '';
    throw new CommandError(EXIT.failed, `There is no photo in the folder ${folder}${others}.`);
  }
  return {
    photos: found.map((path) => ({ path: join(folder, path), subfolder: dirname(path) })),
    passedOver,
  };
}

/** Gives every photo a name of its own below a folder: `<name>-<style>.jpg`, and a number where two would be the same. */
export class Names {
  readonly #folder: string;
  readonly #taken = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  of({ path, subfolder }: Photo, style: string, format: PhotoFormat): string {
    const stem = `${path === STDIO ? 'photo' : basename(path, extname(path))}-${style}`;
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

/** Beside the photo: `<name>-<what>.jpg`. */
export function besidePhoto(path: string, what: string, format: PhotoFormat): string {
  return join(dirname(path), `${basename(path, extname(path))}-${what}${EXTENSIONS[format]}`);
}

/** @throws CommandError where a file's name promises another encoding than it will have */
export function checkExtension(path: string, format: PhotoFormat): void {
  const wanted = EXTENSIONS[format];
  if (path === STDIO || extname(path).toLowerCase() === wanted) return;
  throw new CommandError(EXIT.usage, `${path}: the name must end in ${wanted}, which is what comes of --as.`);
}

/** @throws CommandError where the name says nothing */
export function formatOf(path: string): PhotoFormat {
  if (path === STDIO) return 'jpeg';
  const formats: Record<string, PhotoFormat> = {
    '.jpg': 'jpeg',
    '.jpeg': 'jpeg',
    '.png': 'png',
    '.webp': 'webp',
    '.avif': 'avif',
  };
  const format = formats[extname(path).toLowerCase()];
  if (format) return format;
  throw new CommandError(
    EXIT.usage,
    `${path}: the name must end in .jpg, .png, .webp or .avif, or --format must say which it is.`,
  );
}
