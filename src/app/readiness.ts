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

/** What a check has found is believed for so long: `/readyz` may be asked by anybody, and this one writes. */
const BELIEVED_MS = 2000;

export interface CheckedSpool {
  /** Bytes that may still come before `storage_full`. */
  readonly room: number;
  /** @throws what keeps a file from being written */
  checkWritable(): Promise<void>;
}

/** Can another photo be written: within `DATA_LIMIT_MB`, on the disk, and at all? */
export function storageCheck(folder: string, spool: CheckedSpool): Check {
  return believed(BELIEVED_MS, async () => {
    if (spool.room < ROOM_BYTES) {
      return `DATA_DIR is full: ${megabytes(spool.room)} of DATA_LIMIT_MB are left; new photos are refused.`;
    }
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free < ROOM_BYTES) return `The disk of DATA_DIR is full: ${megabytes(free)} are left.`;
    try {
      await spool.checkWritable();
      return undefined;
    } catch (error) {
      // A file system turns read-only by itself when its disk fails.
      return `DATA_DIR cannot be written: ${error instanceof Error ? error.message : error}.`;
    }
  });
}

function believed(ms: number, check: Check): Check {
  let last: { readonly at: number; readonly result: ReturnType<Check> } | undefined;
  return () => {
    const now = performance.now();
    if (!last || now - last.at > ms) last = { at: now, result: check() };
    return last.result;
  };
}

function megabytes(bytes: number): string {
  return `${Math.max(0, Math.floor(bytes / 1e6))} MB`;
}
