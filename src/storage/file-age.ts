/** How old files are, whatever was done to the clock. */
import { stat, utimes } from 'node:fs/promises';

/** File systems round, and clocks are corrected by parts of a second. */
const SLACK_MS = 1000;

export interface FileAge {
  /** Epoch milliseconds of its last change, `latest` at most. */
  readonly at: number;
  readonly bytes: number;
}

/**
 * A file that seems to come from the future, since the clock was set back, counts as changed at `latest`, and is noted as
 * that: it would be kept until the clock is there again.
 * @param latest epoch milliseconds that a file may have been given at the latest; usually now
 * @returns undefined where there is no such file (any more)
 */
export async function fileAge(path: string, latest: number): Promise<FileAge | undefined> {
  try {
    const { mtimeMs, size } = await stat(path);
    if (mtimeMs > latest + SLACK_MS) await utimes(path, latest / 1000, latest / 1000);
    return { at: Math.min(mtimeMs, latest), bytes: size };
  } catch {
    return undefined;
  }
}

/** Whether a file was last changed more than `ms` ago. */
export async function isOlder(path: string, ms: number, now = Date.now()): Promise<boolean> {
  const age = await fileAge(path, now);
  return age !== undefined && now - age.at > ms;
}
