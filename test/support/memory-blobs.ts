/** Bytes in memory, bounded, and a journal that keeps nothing: what the queue's tests need where no disk is tested. */
import { readFile } from 'node:fs/promises';
import type { Journal } from '../../src/queue/memory/journal.ts';
import { DctoonError } from '../../src/shared/errors.ts';
import type { BlobStore, Bytes } from '../../src/storage/blobs/types.ts';

export class MemoryBlobStore implements BlobStore {
  readonly #maxBytes: number;
  readonly #blobs = new Map<string, Uint8Array>();

  constructor({ maxBytes = 256 * 1024 * 1024 }: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held at the moment. */
  get bytes(): number {
    return [...this.#blobs.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  }

  async put(key: string, given: Bytes): Promise<void> {
    const bytes = given instanceof Uint8Array ? given : await readFile(given.path);
    this.#blobs.delete(key);
    if (this.bytes + bytes.byteLength > this.#maxBytes) {
      throw new DctoonError('storage_full', `the blob store holds ${this.bytes} of ${this.#maxBytes} bytes`);
    }
    this.#blobs.set(key, bytes);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(key);
  }

  async delete(key: string): Promise<void> {
    this.#blobs.delete(key);
  }
}

/** Jobs end with the process. */
export const noJournal: Journal = {
  durable: false,
  record: async () => {},
  finish: async () => {},
  recover: async () => ({ entries: [], finished: [] }),
  close: async () => {},
};
