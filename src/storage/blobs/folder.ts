/**
 * Photos and cartoons in a folder that several processes share, on one machine or by a network file system.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../observability/logger.ts';
import { ensurePrivateFolder } from '../atomic-file.ts';
import { isOlder } from '../file-age.ts';
import { storeBytes } from './store-bytes.ts';
import { type BlobStore, type Bytes, checkBlobKey } from './types.ts';

export interface FolderBlobStoreOptions {
  readonly folder: string;
  readonly log: Logger;
}

/** Longer than any job lives: what a process left behind when it died. */
const ORPHAN_MS = 24 * 3600_000;
const SWEEP_MS = 60_000;
const FOLDERS = ['live', 'tmp'] as const;

export class FolderBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #sweeper: NodeJS.Timeout;

  private constructor({ folder, log }: FolderBlobStoreOptions) {
    this.#folder = folder;
    this.#sweeper = setInterval(() => {
      this.sweep().catch((error: unknown) => log.warn({ err: error }, 'the blob folder was not swept'));
    }, SWEEP_MS).unref();
  }

  static async open(options: FolderBlobStoreOptions): Promise<FolderBlobStore> {
    for (const name of FOLDERS) await ensurePrivateFolder(join(options.folder, name));
    return new FolderBlobStore(options);
  }

  async put(key: string, bytes: Bytes): Promise<void> {
    await storeBytes(this.#at(key), bytes, join(this.#folder, 'tmp'));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#at(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(this.#at(key), { force: true });
  }

  /** Deletes what dead processes left. Runs by itself every minute, in every process. */
  async sweep(): Promise<void> {
    for (const name of FOLDERS) {
      for (const file of await readdir(join(this.#folder, name))) {
        const path = join(this.#folder, name, file);
        if (await isOlder(path, ORPHAN_MS)) await rm(path, { force: true });
      }
    }
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #at(key: string): string {
    return join(this.#folder, 'live', checkBlobKey(key));
  }
}
