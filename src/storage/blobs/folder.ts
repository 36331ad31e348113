/**
 * Photos and cartoons in a folder that several processes share, on one machine or by a network file system.
 * Released blobs lie in a folder of their own, so that age alone tells what may go.
 */
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError } from '../../shared/errors.ts';
import { privateFolder, writeWhole } from '../atomic-file.ts';
import type { BlobStore } from './types.ts';

export interface FolderBlobStoreOptions {
  readonly folder: string;
  readonly log: Logger;
  /** Milliseconds a released blob stays readable. Default: 0. */
  readonly keepMs?: number;
}

/** Longer than any job lives: what a process left behind when it died. */
const ORPHAN_MS = 24 * 3600_000;
const SWEEP_MS = 60_000;
const FOLDERS = ['live', 'released', 'tmp'] as const;

export class FolderBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #keepMs: number;
  readonly #sweeper: NodeJS.Timeout;

  private constructor({ folder, log, keepMs = 0 }: FolderBlobStoreOptions) {
    this.#folder = folder;
    this.#keepMs = keepMs;
    this.#sweeper = setInterval(() => {
      this.sweep().catch((error: unknown) => log.warn({ err: error }, 'the blob folder was not swept'));
    }, SWEEP_MS).unref();
  }

  static async open(options: FolderBlobStoreOptions): Promise<FolderBlobStore> {
    for (const name of FOLDERS) await privateFolder(join(options.folder, name));
    return new FolderBlobStore(options);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await writeWhole(join(this.#folder, 'tmp'), this.#at('live', key), bytes);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await read(this.#at('live', key))) ?? (await read(this.#at('released', key)));
  }

  async release(key: string): Promise<void> {
    if (this.#keepMs === 0) return this.delete(key);
    const now = new Date();
    try {
      await utimes(this.#at('live', key), now, now);
      await rename(this.#at('live', key), this.#at('released', key));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#at('live', key), { force: true });
    await rm(this.#at('released', key), { force: true });
  }

  /** Deletes what was kept long enough. Runs by itself every minute, in every process. */
  async sweep(): Promise<void> {
    const ages = { live: ORPHAN_MS, tmp: ORPHAN_MS, released: this.#keepMs };
    for (const name of FOLDERS) {
      for (const file of await readdir(join(this.#folder, name))) {
        const path = join(this.#folder, name, file);
        // Another process may have been faster.
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
        if (Date.now() - mtimeMs > ages[name]) await rm(path, { force: true });
      }
    }
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #at(folder: (typeof FOLDERS)[number], key: string): string {
    if (!/^[A-Za-z0-9_-]+\.[a-z]+$/.test(key)) {
      throw new DctoonError('internal', `Expected a key such as tg-1.photo, got ${key}`);
    }
    return join(this.#folder, folder, key);
  }
}

async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
