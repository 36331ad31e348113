/**
 * Finished web jobs on the disk, where they survive the process until they are fetched and cost no memory. One file per
 * result: a line of JSON, then the image.
 */
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../observability/logger.ts';
import { type StoredOutcome, storedOutcomeSchema, storeOutcome } from '../../queue/outcomes.ts';
import type { Outcome } from '../../queue/types.ts';
import { DctoonError } from '../../shared/errors.ts';
import { ensurePrivateFolder, writeFileAtomic } from '../../storage/atomic-file.ts';
import { type Picture, pictureInFile, pictureInMemory } from './picture.ts';
import type { Finished, Result } from './result-store.ts';
import { isWebJobId } from './web-job-id.ts';

/** Version 0.1 did not say whose a result is. */
const headSchema = z.object({
  expiresAt: z.number(),
  outcome: storedOutcomeSchema,
  user: z.string().default('unknown'),
});

/** More than the line of JSON ever has. */
const HEAD_BYTES = 16 * 1024;

export class ResultFiles {
  readonly #folder: string;
  readonly #log: Logger;

  private constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  static async open(folder: string, log: Logger): Promise<ResultFiles> {
    const files = new ResultFiles(folder, log);
    await rm(files.drafts, { recursive: true, force: true });
    await ensurePrivateFolder(folder);
    await ensurePrivateFolder(files.drafts);
    return files;
  }

  /** For files that are not complete yet; emptied at the next start. */
  get drafts(): string {
    return join(this.#folder, 'tmp');
  }

  /** What the last process left and whose time is not over; the rest is deleted. */
  async load(now = Date.now()): Promise<(readonly [id: string, result: Result])[]> {
    const found: (readonly [string, Result])[] = [];
    for (const id of await readdir(this.#folder)) {
      if (!isWebJobId(id)) continue;
      const result = await this.#read(id).catch(() => undefined);
      if (result && result.expiresAt > now) found.push([id, result]);
      else this.remove(id);
    }
    return found.sort(([, a], [, b]) => a.expiresAt - b.expiresAt);
  }

  /**
   * Writes a result down; it is on the disk when this resolves. Where the disk is full the image stays in memory, and ends
   * with the process.
   */
  async save(id: string, outcome: Outcome, expiresAt: number, user: string): Promise<Result> {
    const stored = storeOutcome(outcome);
    const head = Buffer.from(`${JSON.stringify({ expiresAt, user, outcome: stored })}\n`);
    const image = outcome.ok ? outcome.cartoon.image : new Uint8Array();
    let picture = pictureInMemory(image);
    try {
      // The queue may be one of many processes.
      if (!isWebJobId(id)) throw new DctoonError('internal', 'Expected the id of a web job');
      const path = join(this.#folder, id);
      await writeFileAtomic(path, [head, image], this.drafts);
      picture = pictureInFile(path, head.length, image.length);
    } catch (error) {
      this.#log.warn({ job: id, err: error }, 'a result was not written down');
    }
    return { outcome: finished(stored, picture), expiresAt, user };
  }

  remove(id: string): void {
    if (!isWebJobId(id)) return;
    rm(join(this.#folder, id), { force: true }).catch((error: unknown) => {
      this.#log.warn({ job: id, err: error }, 'a result could not be deleted');
    });
  }

  async #read(id: string): Promise<Result | undefined> {
    const path = join(this.#folder, id);
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const end = buffer.subarray(0, bytesRead).indexOf('\n');
      const { outcome, expiresAt, user } = headSchema.parse(
        JSON.parse(buffer.subarray(0, end).toString('utf8')),
      );
      const bytes = (await handle.stat()).size - end - 1;
      return { outcome: finished(outcome, pictureInFile(path, end + 1, bytes)), expiresAt, user };
    } finally {
      await handle.close();
    }
  }
}

function finished(stored: StoredOutcome, picture: Picture): Finished {
  if (stored.ok) return { ok: true, cartoon: stored.cartoon, picture };
  const { code, message, details } = stored;
  return { ok: false, error: new DctoonError(code, message, { details }) };
}
