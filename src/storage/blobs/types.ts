/** Where photo and cartoon bytes lie while a job is alive; job data itself stays small and plain JSON. */
import { DctoonError } from '../../shared/errors.ts';

/** Keys are `[A-Za-z0-9_.-]+`; see `photoKey` and `cartoonKey`. */
export interface BlobStore {
  /**
   * Stores bytes under a key; durable when it resolves, if the store is. Replaces what was there.
   * @throws DctoonError `storage_full`
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Says that nobody needs the bytes any more: they are kept for the store's retention time at most (for "another style"). */
  release(key: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export const photoKey = (jobId: string) => `${jobId}.photo`;
export const cartoonKey = (jobId: string) => `${jobId}.cartoon`;

export interface MemoryBlobStoreOptions {
  /** Most bytes of live and released blobs together. Default: 256 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds a released blob stays readable. Default: 0. */
  readonly keepMs?: number;
}

interface Blob {
  readonly bytes: Uint8Array;
  readonly timer?: NodeJS.Timeout;
}

/** Bytes in this process's memory. Released blobs make way for new ones, oldest first; live ones never do. */
export class MemoryBlobStore implements BlobStore {
  readonly #maxBytes: number;
  readonly #keepMs: number;
  readonly #live = new Map<string, Blob>();
  readonly #released = new Map<string, Blob>();
  #bytes = 0;

  constructor(options: MemoryBlobStoreOptions = {}) {
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    this.#keepMs = options.keepMs ?? 0;
  }

  /** Bytes held at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.delete(key);
    for (const oldest of this.#released.keys()) {
      if (this.#bytes + bytes.byteLength <= this.#maxBytes) break;
      this.#drop(this.#released, oldest);
    }
    if (this.#bytes + bytes.byteLength > this.#maxBytes) {
      throw new DctoonError('storage_full', `the blob store holds ${this.#bytes} of ${this.#maxBytes} bytes`);
    }
    this.#bytes += bytes.byteLength;
    this.#live.set(key, { bytes });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (this.#live.get(key) ?? this.#released.get(key))?.bytes;
  }

  async release(key: string): Promise<void> {
    const blob = this.#live.get(key);
    if (!blob) return;
    if (this.#keepMs === 0) return this.delete(key);
    this.#live.delete(key);
    const timer = setTimeout(() => this.#drop(this.#released, key), this.#keepMs);
    timer.unref();
    this.#released.set(key, { bytes: blob.bytes, timer });
  }

  async delete(key: string): Promise<void> {
    this.#drop(this.#live, key);
    this.#drop(this.#released, key);
  }

  #drop(from: Map<string, Blob>, key: string): void {
    const blob = from.get(key);
    if (!blob) return;
    clearTimeout(blob.timer);
    from.delete(key);
    this.#bytes -= blob.bytes.byteLength;
  }
}
