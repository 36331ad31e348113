/** Bytes that come bit by bit and go to the disk as they come, before anybody knows what becomes of them. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asStorageError, DRAFT } from './atomic-file.ts';

/** A complete file that belongs to nobody yet: a store moves it to its place, or copies it. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the content, in hexadecimal digits. */
  readonly sha256: string;
}

export class DraftFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws DctoonError `storage_full` */
  static async create(folder: string): Promise<DraftFile> {
    const path = join(folder, `${randomUUID()}${DRAFT}`);
    try {
      return new DraftFile(path, await open(path, 'wx', 0o600));
    } catch (error) {
      throw asStorageError(error, path);
    }
  }

  /** Appends. One call after the other. @throws DctoonError `storage_full` */
  async append(...parts: readonly Uint8Array[]): Promise<void> {
    let length = 0;
    for (const part of parts) {
      this.#hash.update(part);
      length += part.length;
    }
    this.#bytes += length;
    try {
      const { bytesWritten } = await this.#handle.writev(parts);
      // A disk that is nearly full takes a part; the rest says what is wrong.
      if (bytesWritten < length) await this.#handle.writeFile(Buffer.concat(parts).subarray(bytesWritten));
    } catch (error) {
      throw asStorageError(error, this.#path);
    }
  }

  /** Nothing more comes. Not synced: that is for whoever takes it. */
  async finish(): Promise<StoredFile> {
    await this.#handle.close();
    return { path: this.#path, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Deletes it, unless somebody took it. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#path, { force: true });
  }
}
