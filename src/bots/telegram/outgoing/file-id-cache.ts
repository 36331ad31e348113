/**
 * Cartoons that were made already, as Telegram file ids: the same photo in the same style is answered without a run
 * and without an upload. Only ids and hashed keys are kept, never a picture.
 */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { STRENGTH } from '../../../inference/drawing/strength.ts';
import type { Shape } from '../../../inference/types.ts';
import type { Logger } from '../../../observability/logger.ts';
import { parseJson } from '../../../shared/json.ts';
import { Serial } from '../../../shared/serial.ts';
import { writeFileAtomic } from '../../../storage/atomic-file.ts';
import type { Form } from '../types.ts';

export interface FileIdCacheOptions {
  /** JSON lines, appended to; rewritten at start, and when half of it is superseded. */
  readonly file: string;
  /** Oldest entries go when there are more. Default 10 000 (about 2 MB). */
  readonly limit?: number;
  /** Changes with the bot and the models; entries of another epoch count for nothing. */
  readonly epoch: string;
  readonly logger: Logger;
}

/** What identifies a photo: Telegram's id that survives forwards, or the SHA-256 of its bytes. */
export type PhotoKey = { readonly unique: string } | { readonly digest: string };

/** How it was drawn. `strength`: per cent; absent = 100. */
export interface Look {
  readonly style: string;
  readonly strength?: number | undefined;
  /** Absent = `photo`. */
  readonly as?: Shape | undefined;
}

/** A hashed key and a file id. */
const entrySchema = z.tuple([z.string(), z.string()]);

export class FileIdCache {
  readonly #options: Required<FileIdCacheOptions>;
  readonly #entries: LRUCache<string, string>;
  /** Lines in the file, superseded ones included. */
  #lines = 0;
  readonly #writes = new Serial();

  constructor(options: FileIdCacheOptions) {
    this.#options = { limit: 10_000, ...options };
    this.#entries = new LRUCache({ max: this.#options.limit });
  }

  /** Reads what the last run left. A missing or damaged file is an empty cache. */
  async load(): Promise<void> {
    const text = await readFile(this.#options.file, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const entry = parseJson(entrySchema, line);
      if (entry) this.#entries.set(...entry);
    }
    await this.#save(() => this.#rewrite());
  }

  get(photo: PhotoKey, look: Look, form: Form): string | undefined {
    return this.#entries.get(this.#key(photo, look, form));
  }

  put(photos: readonly PhotoKey[], look: Look, form: Form, fileId: string): void {
    const entries = photos.map((photo) => [this.#key(photo, look, form), fileId] as const);
    for (const [key, id] of entries) this.#entries.set(key, id);
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    void this.#save(async () => {
      this.#lines += entries.length;
      if (this.#lines > 2 * this.#options.limit) await this.#rewrite();
      else await appendFile(this.#options.file, lines, { mode: 0o600 });
    });
  }

  /** Forgets an id that Telegram does not accept any more. */
  forget(fileId: string): void {
    for (const [key, id] of this.#entries.entries()) if (id === fileId) this.#entries.delete(key);
  }

  /** Resolves when everything is on disk. */
  async close(): Promise<void> {
    await this.#writes.idle();
  }

  #key(photo: PhotoKey, { style, strength = STRENGTH.usual, as = 'photo' }: Look, form: Form): string {
    const source = 'unique' in photo ? `u:${photo.unique}` : `d:${photo.digest}`;
    // Entries from before there was a choice are photos at the usual strength.
    const more = strength === STRENGTH.usual && as === 'photo' ? [] : [strength, as];
    return createHash('sha256')
      .update(JSON.stringify([this.#options.epoch, source, style, form, ...more]))
      .digest('base64url')
      .slice(0, 24);
  }

  async #rewrite(): Promise<void> {
    const { file } = this.#options;
    await mkdir(dirname(file), { recursive: true });
    // Least recently used first, as `load` reads them.
    const lines = [...this.#entries.rentries()].map((entry) => `${JSON.stringify(entry)}\n`);
    await writeFileAtomic(file, lines.join(''));
    this.#lines = lines.length;
  }

  /** Writes one after the other; a full disk costs the memory of the cache, not an answer. */
  #save(write: () => Promise<void>): Promise<void> {
    return this.#writes.run(write).catch((error: unknown) => {
      this.#options.logger.warn({ reason: String(error) }, 'The cache of Telegram file ids was not saved');
    });
  }
}
