/** `dctoon cartoonize`: the pipeline of the bots, on files. */
import { readFile, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { DctoonError } from '../errors.ts';
import { Cartoonizer } from '../inference/cartoonizer.ts';
import type { Cartoon, ImageFormat } from '../inference/types.ts';
import { createTexts } from '../texts/index.ts';
import { EXIT, type ExitCode } from './exit.ts';

export interface CartoonizeArguments {
  readonly input: string;
  readonly output: string;
  readonly style: string;
  /** Default: by the name of `output`. */
  readonly format?: ImageFormat;
  /** Folder with the networks. */
  readonly models: string;
  readonly signal: AbortSignal;
}

export interface CommandResult {
  readonly exitCode: ExitCode;
  /** One line for the person at the terminal. */
  readonly message: string;
}

const FORMATS: Readonly<Record<string, ImageFormat>> = { '.jpg': 'jpeg', '.jpeg': 'jpeg', '.png': 'png' };

/** A failure whose sentence is ready to be shown. */
class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** Draws one photo into one file. Never rejects: whatever goes wrong is in the result, in plain words. */
export async function cartoonizeFile(options: CartoonizeArguments): Promise<CommandResult> {
  try {
    const format = options.format ?? formatOf(options.output);
    const photo = await readFile(options.input).catch(fileError('read', options.input));
    const cartoon = await draw(photo, format, options);
    await writeFile(options.output, cartoon.image).catch(fileError('write', options.output));
    return { exitCode: EXIT.done, message: `${options.output}: ${summary(cartoon)}` };
  } catch (error) {
    if (error instanceof CommandError) return { exitCode: error.exitCode, message: error.message };
    return { exitCode: EXIT.broken, message: DctoonError.from(error).message };
  }
}

async function draw(
  photo: Uint8Array,
  format: ImageFormat,
  { input, style, models, signal }: CartoonizeArguments,
): Promise<Cartoon> {
  const cartoonizer = await Cartoonizer.create({ modelsDir: models });
  try {
    return await cartoonizer.cartoonize(photo, { style, format, signal });
  } catch (thrown) {
    const error = DctoonError.from(thrown);
    if (error.code === 'unknown_style') {
      const known = cartoonizer.styles.map(({ id }) => id).join(', ');
      throw new CommandError(EXIT.usage, `There is no style "${style}". There is: ${known}.`);
    }
    const sentence = createTexts('en').error(error.code, error.details);
    if (error.code === 'cancelled') throw new CommandError(EXIT.interrupted, sentence);
    if (error.fault === 'user') throw new CommandError(EXIT.failed, `${input}: ${sentence}`);
    throw new CommandError(EXIT.broken, `${input}: ${sentence} (${error.message})`);
  } finally {
    await cartoonizer.close();
  }
}

function formatOf(output: string): ImageFormat {
  const format = FORMATS[extname(output).toLowerCase()];
  if (format) return format;
  throw new CommandError(
    EXIT.usage,
    `${output}: the name must end in .jpg or .png, or --format must say which it is.`,
  );
}

/** Turns a file system error into a sentence. */
function fileError(verb: 'read' | 'write', path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    const reasons: Record<string, string> = {
      ENOENT: verb === 'read' ? 'there is no such file' : 'there is no such folder',
      EISDIR: 'it is a folder',
      EACCES: 'permission denied',
      ENOSPC: 'the disk is full',
    };
    const reason = reasons[cause.code ?? ''] ?? cause.message;
    throw new CommandError(EXIT.failed, `Cannot ${verb} ${path}: ${reason}.`, cause);
  };
}

function summary({ width, height, faces, timings }: Cartoon): string {
  const people =
    faces === 0 ? 'no face found, so the whole picture is drawn' : `${faces} face${faces === 1 ? '' : 's'}`;
  return `${width} x ${height}, ${people}, ${(timings.total / 1000).toFixed(2)} s`;
}
