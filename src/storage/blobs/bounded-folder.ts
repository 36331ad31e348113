/** Photos and cartoons in a folder of one process, with a bound on their bytes. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DctoonError } from '../../shared/errors.ts';
import { storeBytes } from './store-bytes.ts';
import { type BlobStore, type Bytes, checkBlobKey, sizeOf } from './types.ts';

export interface BoundedFolderOptions {
  readonly folder: string;
  /** Where drafts are written; on the same file system. */
  readonly temporary: string;
  readonly maxBytes: number;
}

export class BoundedFolder implements BlobStore {
  readonly #options: BoundedFolderOptions;
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(options: BoundedFolderOptions) {
    this.#options = options;
  }

  /** Bytes of everything stored. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that may still come before `storage_full`. */
  get room(): number {
    return this.#options.maxBytes - this.#bytes;
  }

  /** Counts what the last process left, and deletes what does not belong to a live job. */
  async load(isLive: (key: string) => boolean): Promise<void> {
    for (const entry of await readdir(this.#options.folder, { withFileTypes: true })) {
      const path = join(this.#options.folder, entry.name);
      if (!entry.isFile() || !isLive(entry.name)) await rm(path, { recursive: true, force: true });
      else this.#count(entry.name, (await stat(path)).size);
    }
  }

  async put(key: string, bytes: Bytes): Promise<void> {
    const path = this.#path(key);
    const grown = this.#bytes - (this.#sizes.get(key) ?? 0) + sizeOf(bytes);
    if (grown > this.#options.maxBytes) {
      throw new DctoonError(
        'storage_full',
        `the spool holds ${this.#bytes} of ${this.#options.maxBytes} bytes`,
      );
    }
    // Counted before it is written, so that many at once do not pass the limit together.
    this.#count(key, sizeOf(bytes));
    try {
      await storeBytes(path, bytes, this.#options.temporary);
    } catch (error) {
      this.#count(key, undefined);
      throw error;
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#path(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    this.#count(key, undefined);
    await rm(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return join(this.#options.folder, checkBlobKey(key));
  }

  /** Counts a blob of this size; `undefined` = it is gone. */
  #count(key: string, size: number | undefined): void {
    this.#bytes += (size ?? 0) - (this.#sizes.get(key) ?? 0);
    if (size === undefined) this.#sizes.delete(key);
    else this.#sizes.set(key, size);
  }
}
