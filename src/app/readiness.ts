/** Why the service cannot do its work at the moment: the reasons of `GET /readyz`, each a sentence for an operator. */
import { statfs } from 'node:fs/promises';
import type { PoolStats } from '../inference/workers/pool.ts';

/** A sentence where something is wrong, undefined where all is well. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** Runs all checks. A check that throws is a reason too. */
export function createReadiness(checks: readonly Check[]): () => Promise<readonly string[]> {
  const run = async (check: Check) => {
    try {
      return await check();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  return async () => (await Promise.all(checks.map(run))).filter((reason) => reason !== undefined);
}

export function engineCheck(engine: { stats(): PoolStats }): Check {
  return () =>
    engine.stats().children.length > 0 ? undefined : 'No inference process is running; one is being started.';
}

/** A photo of 20 MB and its cartoon must still fit. */
const ROOM_BYTES = 25e6;

/** Is there room for another photo: within `DATA_LIMIT_MB`, and on the disk? */
export function storageCheck(folder: string, spool: { readonly room: number }): Check {
  return async () => {
    if (spool.room < ROOM_BYTES) {
      return `DATA_DIR is full: ${megabytes(spool.room)} of DATA_LIMIT_MB are left; new photos are refused.`;
    }
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    return free < ROOM_BYTES ? `The disk of DATA_DIR is full: ${megabytes(free)} are left.` : undefined;
  };
}

function megabytes(bytes: number): string {
  return `${Math.max(0, Math.floor(bytes / 1e6))} MB`;
}
