/**
 * Keeps original photos for "another style": files in one folder, bounded in bytes and in time, still there after a
 * restart. The key (`ref`) is the owner's id and 128 random bits, so that nobody can guess that of another person's photo.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { DRAFT, ensurePrivateFolder, writeFileAtomic } from '../../../storage/atomic-file.ts';
import { fileAge, isOlder } from '../../../storage/file-age.ts';

export interface OriginalStoreOptions {
  readonly folder: string;
  /** How long after the answer; the promise made in /privacy. 0 = nothing is kept. */
  readonly keepMs: number;
  /** Default 256 MiB. The oldest leave first. */
  readonly maxBytes?: number;
  readonly now?: () => number;
}

const FILE = /^([A-Za-z0-9_-]{16,64})\.(\d{1,2})$/;
/** A photo that waits for its turn is not forgotten before its answer: interaction tokens live 15 minutes. */
const WAITING_MS = 15 * 60_000;
/** Writing one photo takes milliseconds: an older draft has no writer any more. */
const DRAFT_MS = 60_000;
/** Part of the bound that may be added before the oldest leave. */
const SLACK = 1 / 16;

export class OriginalStore {
  readonly #folder: string;
  readonly #keepMs: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  /** Since the folder was last looked through, which takes a look at every file. */
  #added = 0;

  constructor({ folder, keepMs, maxBytes = 256 * 1024 * 1024, now = Date.now }: OriginalStoreOptions) {
    this.#folder = folder;
    this.#keepMs = keepMs;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Whether anything is kept at all. */
  get keeps(): boolean {
    return this.#keepMs > 0;
  }

  /** A key that nobody can guess; it names its owner, so that everything of theirs can be found. */
  newRef(userId: string): string {
    return `${userId}-${randomBytes(16).toString('base64url')}`;
  }

  async put(ref: string, part: number, photo: Uint8Array): Promise<void> {
    if (!this.keeps) return;
    await ensurePrivateFolder(this.#folder);
    const path = this.#path(ref, part);
    await writeFileAtomic(path, photo);
    await this.#age(path, this.#now() + WAITING_MS);
    this.#added += photo.length;
    if (this.#added > this.#maxBytes * SLACK) await this.sweep();
  }

  /** Starts the time that an original is kept: its answer is out. */
  async answered(ref: string, part: number): Promise<void> {
    await this.#age(this.#path(ref, part), this.#now()).catch(() => {});
  }

  /** The photos of a key in their order; empty when they are gone. */
  async parts(ref: string): Promise<number[]> {
    const files = await this.#files();
    return files
      .filter((file) => file.ref === ref && !this.#expired(file.at))
      .map((file) => file.part)
      .sort((a, b) => a - b);
  }

  async get(ref: string, part: number): Promise<Uint8Array | undefined> {
    return readFile(this.#path(ref, part)).catch(() => undefined);
  }

  /** Deletes one photo, if it is there. */
  async delete(ref: string, part: number): Promise<void> {
    await rm(this.#path(ref, part), { force: true });
  }

  /** Deletes all photos of a person. @returns how many there were */
  async forget(userId: string): Promise<number> {
    const files = (await this.#files()).filter(({ ref }) => ownerOf(ref) === userId);
    await Promise.all(files.map(({ name }) => rm(join(this.#folder, name), { force: true })));
    return files.length;
  }

  /** Deletes what is out of time, then the oldest until the rest fits; also drafts that a dead process left. */
  async sweep(): Promise<void> {
    this.#added = 0;
    await this.#sweepDrafts();
    const files = (await this.#files()).sort((a, b) => b.at - a.at);
    let bytes = 0;
    for (const file of files) {
      bytes += file.bytes;
      if (this.#expired(file.at) || bytes > this.#maxBytes)
        await rm(join(this.#folder, file.name), { force: true });
    }
  }

  async #sweepDrafts(): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (!name.endsWith(DRAFT)) continue;
      const path = join(this.#folder, name);
      if (await isOlder(path, DRAFT_MS, this.#now())) await rm(path, { force: true });
    }
  }

  #expired(at: number): boolean {
    return at + this.#keepMs <= this.#now();
  }

  #path(ref: string, part: number): string {
    const name = `${ref}.${part}`;
    // The ref comes back from custom_ids, which people can forge.
    if (!FILE.test(name)) throw new Error('Expected a key made by newRef()');
    return join(this.#folder, name);
  }

  async #age(path: string, at: number): Promise<void> {
    await utimes(path, at / 1000, at / 1000);
  }

  async #files() {
    const names = await readdir(this.#folder).catch(() => []);
    const found = await Promise.all(
      names.map(async (name) => {
        const [, ref, part] = FILE.exec(name) ?? [];
        // Those that wait for their turn are dated ahead.
        const age = ref ? await fileAge(join(this.#folder, name), this.#now() + WAITING_MS) : undefined;
        return ref && age ? [{ name, ref, part: Number(part), ...age }] : [];
      }),
    );
    return found.flat();
  }
}

/** Undefined for keys that do not name their owner, which version 0.1 made. */
function ownerOf(ref: string): string | undefined {
  return /^(\d{1,20})-[A-Za-z0-9_-]{22}$/.exec(ref)?.[1];
}
