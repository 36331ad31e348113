/** What `dctoon cartoonize` is asked to do: which photos, and which files come of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type PhotoFormat, SHAPE_FORMATS, type Shape } from '../inference/types.ts';
import { EXIT } from './exit.ts';
import { CommandError } from './failure.ts';
import { besidePhoto, checkExtension, findPhotos, formatOf, Names, type Photo, STDIO } from './photos.ts';

export interface PlanArguments {
  /** Files, folders and globs; without `out` a photo and, if it shall not lie beside it, the file to write. `-` is stdin and stdout. */
  readonly paths: readonly string[];
  /** Folder for the cartoons. */
  readonly out?: string;
  /** A style's id, or `all` for every style and a contact sheet. */
  readonly style: string;
  /** Default: by the name of the file to write, JPEG in a folder. */
  readonly format?: PhotoFormat;
  /** Default `photo`. */
  readonly as?: Shape;
  /** Overwrite what is there already. */
  readonly force: boolean;
}

export interface Plan {
  readonly photos: readonly Photo[];
  /** Pictures in the folders that cannot be drawn. */
  readonly passedOver: readonly string[];
  readonly format: PhotoFormat;
  /** Where the cartoon of a photo goes; undefined where only the contact sheet is wanted. Ask once, in order. */
  readonly fileOf: (photo: Photo, style: string) => string | undefined;
  readonly sheet: { readonly file: string; readonly format: PhotoFormat } | undefined;
  /** A picture goes to standard output, so that nothing else may. */
  readonly usesStdout: boolean;
  /** Folders that are missing are made. */
  readonly makesFolders: boolean;
  /** Cartoons of an earlier run are not drawn again. */
  readonly keepsExisting: boolean;
}

/** @throws CommandError where the command line makes no sense or something is not there */
export async function makePlan(options: PlanArguments): Promise<Plan> {
  const { paths, out } = options;
  return out === undefined ? await intoFile(options) : await intoFolder(paths, out, options);
}

async function intoFolder(
  paths: readonly string[],
  out: string,
  { style, format = 'jpeg', as = 'photo', force }: PlanArguments,
): Promise<Plan> {
  const encoding = SHAPE_FORMATS[as] ?? format;
  const names = new Names(out);
  return {
    ...(await findPhotos(paths, out)),
    format,
    fileOf: (photo, id) => names.of(photo, as === 'photo' ? id : `${id}-${as}`, encoding),
    sheet: style === 'all' ? { file: join(out, 'contact-sheet.jpg'), format: 'jpeg' } : undefined,
    usesStdout: false,
    makesFolders: true,
    keepsExisting: !force,
  };
}

async function intoFile({ paths, style, format, as = 'photo', force }: PlanArguments): Promise<Plan> {
  const [input, named, ...more] = paths;
  if (input === undefined || more.length > 0) {
    throw new CommandError(
      EXIT.usage,
      'Name a photo and the file to write (dctoon cartoonize me.jpg cartoon.jpg), or photos and a folder (--out cartoons).',
    );
  }
  const { photos, passedOver } = await findPhotos([input]);
  const isSheet = style === 'all';
  // A contact sheet is a picture like any other, whatever is on it.
  const fixed: PhotoFormat | undefined = isSheet ? undefined : SHAPE_FORMATS[as];
  const what = [isSheet ? 'styles' : style, ...(as === 'photo' ? [] : [as])].join('-');
  const beside = input === STDIO ? STDIO : besidePhoto(input, what, fixed ?? format ?? 'jpeg');
  const output = named ?? beside;
  if (fixed) checkExtension(output, fixed);
  const encoding = fixed ? 'png' : (format ?? formatOf(output));
  if (output === STDIO && process.stdout.isTTY) {
    throw new CommandError(
      EXIT.usage,
      'A picture is no text for a terminal: name a file, or send it on with | or >.',
    );
  }
  if (!isSheet && photos.length > 1) {
    throw new CommandError(EXIT.usage, `${input} is ${photos.length} photos: name a folder with --out.`);
  }
  // `dctoon cartoonize *.jpg` in a folder of two photos must not cost one of them.
  if (output !== STDIO && existsSync(output) && !force) {
    throw new CommandError(
      EXIT.usage,
      `${output} exists already: --force overwrites it. To draw several photos, name a folder with --out.`,
    );
  }
  return {
    photos,
    passedOver,
    format: encoding,
    fileOf: () => (isSheet ? undefined : output),
    sheet: isSheet ? { file: output, format: encoding } : undefined,
    usesStdout: output === STDIO,
    makesFolders: false,
    keepsExisting: false,
  };
}
