/** Where photo and cartoon bytes lie while a job is alive; job data itself stays small and plain JSON. */
import { DctoonError } from '../../shared/errors.ts';
import type { StoredFile } from '../draft-file.ts';

/** Bytes in memory, or on the disk so that nobody has to hold them. A store may take the file away. */
export type Bytes = Uint8Array | StoredFile;

export const sizeOf = (bytes: Bytes): number =>
  bytes instanceof Uint8Array ? bytes.byteLength : bytes.bytes;

/** Keys are a job's id and what the bytes are, see `photoKey` and `cartoonKey`. */
export interface BlobStore {
  /**
   * Stores bytes under a key; durable when it resolves, if the store is. Replaces what was there.
   * @throws DctoonError `storage_full`
   */
  put(key: string, bytes: Bytes): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Nobody needs the bytes any more. What is not there is deleted already. */
  delete(key: string): Promise<void>;
}

export const photoKey = (jobId: string) => `${jobId}.photo`;
export const cartoonKey = (jobId: string) => `${jobId}.cartoon`;

/**
 * The key, if it is safe as a file name and in an address: it holds an id that a stranger may have chosen.
 * @throws DctoonError `internal`
 */
export function checkBlobKey(key: string): string {
  if (!/^[A-Za-z0-9_-]{1,200}\.[a-z]+$/.test(key)) {
    throw new DctoonError('internal', 'Expected a key such as tg-1.photo');
  }
  return key;
}
