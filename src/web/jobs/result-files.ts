/**
 * Finished web jobs on the disk, so that a cartoon that is ready survives the process until it is fetched. One file per
 * result: a line of JSON, then the image.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../observability/logger.ts';
import { loadOutcome, storedOutcomeSchema, storeOutcome } from '../../queue/outcomes.ts';
import { DctoonError } from '../../shared/errors.ts';
import { ensurePrivateFolder, writeFileAtomic } from '../../storage/atomic-file.ts';
import type { Result } from './result-store.ts';
import { isWebJobId } from './web-job-id.ts';

/** Version 0.1 did not say whose a result is. */
const headSchema = z.object({
  expiresAt: z.number(),
  outcome: storedOutcomeSchema,
  user: z.string().default('unknown'),
});

export class ResultFiles {
  readonly #folder: string;
  readonly #log: Logger;

  private constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  static async open(folder: string, log: Logger): Promise<ResultFiles> {
    const files = new ResultFiles(folder, log);
    await rm(files.#drafts, { recursive: true, force: true });
    await ensurePrivateFolder(folder);
    await ensurePrivateFolder(files.#drafts);
    return files;
  }

  /** What the last process left and whose time is not over; the rest is deleted. */
  async load(now = Date.now()): Promise<(readonly [id: string, result: Result])[]> {
    const found: (readonly [string, Result])[] = [];
    for (const id of await readdir(this.#folder)) {
      if (!isWebJobId(id)) continue;
      const result = parse(await readFile(join(this.#folder, id)).catch(() => Buffer.alloc(0)));
      if (result && result.expiresAt > now) found.push([id, result]);
      else this.remove(id);
    }
    return found.sort(([, a], [, b]) => a.expiresAt - b.expiresAt);
  }

  /** On the disk when it resolves. A full disk costs the memory of this result over a crash, not the result. */
  async save(id: string, { outcome, expiresAt, user }: Result): Promise<void> {
    const head = Buffer.from(`${JSON.stringify({ expiresAt, user, outcome: storeOutcome(outcome) })}\n`);
    const image = outcome.ok ? outcome.cartoon.image : new Uint8Array();
    try {
      // The queue may be one of many processes.
      if (!isWebJobId(id)) throw new DctoonError('internal', 'Expected the id of a web job');
      await writeFileAtomic(join(this.#folder, id), Buffer.concat([head, image]), this.#drafts);
    } catch (error) {
      this.#log.warn({ job: id, err: error }, 'a result was not written down');
    }
  }

  remove(id: string): void {
    if (!isWebJobId(id)) return;
    rm(join(this.#folder, id), { force: true }).catch((error: unknown) => {
      this.#log.warn({ job: id, err: error }, 'a result could not be deleted');
    });
  }

  get #drafts(): string {
    return join(this.#folder, 'tmp');
  }
}

function parse(file: Buffer): Result | undefined {
  const end = file.indexOf('\n');
  try {
    const head = headSchema.parse(JSON.parse(file.subarray(0, end).toString('utf8')));
    const outcome = loadOutcome(head.outcome, file.subarray(end + 1));
    return outcome && { outcome, expiresAt: head.expiresAt, user: head.user };
  } catch {
    return undefined;
  }
}
