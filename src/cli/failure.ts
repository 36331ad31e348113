/** How a command fails: a sentence for the person at the terminal, and an exit code. */
import { DctoonError } from '../shared/errors.ts';
import { createTexts } from '../texts/index.ts';
import { EXIT, type ExitCode } from './exit.ts';

/** A failure whose sentence is ready to be shown. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** Whatever was thrown over a photo, as a sentence that names it. */
export function photoError(photo: string, thrown: unknown): CommandError {
  if (thrown instanceof CommandError) return thrown;
  const error = DctoonError.from(thrown);
  const sentence = createTexts('en').error(error.code, error.details);
  if (error.code === 'cancelled') return new CommandError(EXIT.interrupted, sentence, error);
  if (error.fault === 'user') return new CommandError(EXIT.failed, `${photo}: ${sentence}`, error);
  return new CommandError(EXIT.broken, `${photo}: ${sentence} (${error.message})`, error);
}

/** Turns a file system error into a sentence: for `catch`. */
export function fileError(verb: 'read' | 'write', path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    const reasons: Record<string, string> = {
      ENOENT: verb === 'read' ? 'there is no such file' : 'there is no such folder',
      EISDIR: 'it is a folder',
      ENOTDIR: 'a part of the path is a file',
      EEXIST: 'there is a file of that name',
      EACCES: 'permission denied',
      EROFS: 'the disk is read-only',
      ENOSPC: 'the disk is full',
    };
    const reason = reasons[cause.code ?? ''] ?? cause.message;
    throw new CommandError(EXIT.failed, `Cannot ${verb} ${path}: ${reason}.`, cause);
  };
}
