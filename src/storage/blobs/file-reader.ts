/** What the stores of other machines have in common: files are read into memory to be sent, few at a time. */
import { readFile } from 'node:fs/promises';
import PQueue from 'p-queue';
import type { Bytes } from './types.ts';

/** A photo has 20 MB at most. */
const MOST_FILES = 3;

export class FileReader {
  readonly #slots = new PQueue({ concurrency: MOST_FILES });

  /** Does something with the bytes; those of a file are in memory only while it lasts. */
  async with<T>(bytes: Bytes, use: (bytes: Uint8Array) => Promise<T>): Promise<T> {
    if (bytes instanceof Uint8Array) return use(bytes);
    return this.#slots.add(async () => use(await readFile(bytes.path)));
  }
}
