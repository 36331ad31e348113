/** The bytes of a finished cartoon: on the disk, so that they are in memory only slice by slice while they are sent. */
import { open, rm } from 'node:fs/promises';
import { DraftFile } from '../../storage/draft-file.ts';

export interface Picture {
  readonly bytes: number;
  /** @throws what keeps the file from being read: it may have been deleted */
  open(): Promise<OpenPicture>;
}

export interface OpenPicture {
  /** Up to `length` bytes from `at` on. */
  read(at: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** @param offset where in the file it begins */
export function pictureInFile(path: string, offset: number, bytes: number): Picture {
  return {
    bytes,
    async open() {
      const handle = await open(path, 'r');
      return {
        async read(at, length) {
          const slice = new Uint8Array(Math.min(length, bytes - at));
          const { bytesRead } = await handle.read(slice, 0, slice.length, offset + at);
          if (bytesRead === 0 && slice.length > 0) throw new Error('a result is shorter than it was');
          return slice.subarray(0, bytesRead);
        },
        close: () => handle.close(),
      };
    },
  };
}

export function pictureInMemory(image: Uint8Array): Picture {
  return {
    bytes: image.length,
    open: async () => ({
      read: async (at, length) => image.subarray(at, at + length) as Uint8Array<ArrayBuffer>,
      close: async () => {},
    }),
  };
}

/** So small that memory is no matter, however many are sent at the same time. */
const SMALL_BYTES = 64 * 1024;

/**
 * A picture for one reader, who may be slow: from the moment it is opened its bytes lie in a file without a name, which is
 * gone when it is closed. Where the disk is full they stay in memory.
 */
export function pictureForOne(image: Uint8Array, folder: string): Picture {
  const inMemory = pictureInMemory(image);
  if (image.length <= SMALL_BYTES) return inMemory;
  const onDisk = async () => {
    const draft = await DraftFile.create(folder);
    try {
      await draft.append(image);
      const { path } = await draft.finish();
      const opened = await pictureInFile(path, 0, image.length).open();
      await rm(path);
      return opened;
    } catch (error) {
      await draft.discard();
      throw error;
    }
  };
  return { bytes: image.length, open: () => onDisk().catch(() => inMemory.open()) };
}
