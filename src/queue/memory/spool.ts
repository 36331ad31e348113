/**
 * Journal and blob store in one folder of plain files (research/engineering.md, section 3: no native module, 10 ms
 * per durable write, nothing lost in 1189 writes under kill -9):
 *
 *   new/  run/  out/    <job>.json    accepted, running, rendered: the folder is the state
 *   blobs/              <job>.photo, <job>.cartoon
 *   bad/                <job>.json    what the operator should see: no answer, or a failure of ours; without targets
 *   finished.log        ids of finished jobs, one a line
 *   tmp/                drafts        lock
 *
 * Every file is written as a draft, synced and renamed, so it is whole or absent. Accepted and rendered entries are
 * on the disk before the queue goes on; that a job runs, or is over, survives kill -9 but perhaps not a power
 * failure, after which it is drawn or answered once more.
 */
import { appendFile, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../observability/logger.ts';
import { DctoonError, ERROR_CODES } from '../../shared/errors.ts';
import { privateFolder, writeWhole } from '../../storage/atomic-file.ts';
import { type BlobStore, cartoonKey, photoKey } from '../../storage/blobs/types.ts';
import { lock } from '../../storage/process-lock.ts';
import type { Journal, JournalEntry, Recovered } from './journal.ts';

export interface SpoolOptions {
  readonly folder: string;
  readonly log: Logger;
  /** Most bytes of photos and cartoons. Default: 1 GiB. */
  readonly maxBytes?: number;
  /** Milliseconds a released photo or cartoon is kept. Default: 0. */
  readonly keepMs?: number;
}

const FOLDERS = { accepted: 'new', running: 'run', rendered: 'out' } as const;
/** Later states first: after a crash between the write of one and the removal of the other, the later one counts. */
const STATES = ['rendered', 'running', 'accepted'] as const;
const REMEMBERED_IDS = 10_000;
const BAD_MS = 7 * 24 * 60 * 60_000;
const SWEEP_MS = 30_000;
const DEFAULT_MAX_BYTES = 1024 ** 3;

/** The part of an entry that recovery relies on; the rest was written by this program. */
const entrySchema = z.looseObject({
  job: z.looseObject({ id: z.string(), lane: z.string(), createdAt: z.number(), attempt: z.number() }),
});

/** @throws DctoonError `internal` when another process uses the folder */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const at = (name: string) => join(options.folder, name);
  await privateFolder(options.folder);
  const unlock = await lock(at('lock'));
  // Drafts of a process that died.
  await rm(at('tmp'), { recursive: true, force: true });
  for (const name of [...Object.values(FOLDERS), 'bad', 'blobs', 'tmp']) await privateFolder(at(name));
  const spool = new Spool(options, unlock);
  await spool.load();
  return spool;
}

export class Spool implements Journal, BlobStore {
  readonly durable = true;
  readonly #options: SpoolOptions;
  readonly #unlock: () => Promise<void>;
  /** Where each live entry lies, and what is written there. */
  readonly #entries = new Map<string, { state: JournalEntry['state']; text: string }>();
  readonly #sizes = new Map<string, number>();
  /** Blobs nobody needs any more, by the time of their release (epoch ms), oldest first. */
  readonly #released = new Map<string, number>();
  readonly #sweeper: NodeJS.Timeout;
  #recovered: JournalEntry[] = [];
  #finished: string[] = [];
  #bytes = 0;

  constructor(options: SpoolOptions, unlock: () => Promise<void>) {
    this.#options = options;
    this.#unlock = unlock;
    this.#sweeper = setInterval(() => {
      this.sweep().catch((error: unknown) => options.log.error({ err: error }, 'spool could not be swept'));
    }, SWEEP_MS).unref();
  }

  /** Bytes of all photos and cartoons. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that may still come before `storage_full`; what is only kept for a while gives way. */
  get room(): number {
    let releasedBytes = 0;
    for (const key of this.#released.keys()) releasedBytes += this.#sizes.get(key) ?? 0;
    return (this.#options.maxBytes ?? DEFAULT_MAX_BYTES) - this.#bytes + releasedBytes;
  }

  /** Reads what the last process left. */
  async load(): Promise<void> {
    const log = await readFile(this.#at('finished.log'), 'utf8').catch(() => '');
    // The last line may be cut; half an id could be the whole id of another job.
    this.#finished = log.split('\n').slice(0, -1).slice(-REMEMBERED_IDS);
    await this.#writeFinished();
    const finished = new Set(this.#finished);
    for (const state of STATES) {
      for (const name of await readdir(this.#at(FOLDERS[state]))) {
        const path = this.#at(FOLDERS[state], name);
        const text = await readFile(path, 'utf8');
        const entry = parse(text, state);
        const id = entry?.job.id ?? '';
        if (!entry) await rename(path, this.#at('bad', name));
        else if (this.#entries.has(id) || finished.has(id)) await rm(path);
        else {
          this.#entries.set(id, { state, text });
          this.#recovered.push(entry);
        }
      }
    }
    this.#recovered.sort((a, b) => a.job.createdAt - b.job.createdAt);
    const live = new Set([...this.#entries.keys()].flatMap((id) => [photoKey(id), cartoonKey(id)]));
    const aged: [string, number][] = [];
    for (const key of await readdir(this.#at('blobs'))) {
      const { size, mtimeMs } = await stat(this.#at('blobs', key));
      this.#sizes.set(key, size);
      this.#bytes += size;
      if (!live.has(key)) aged.push([key, mtimeMs]);
    }
    for (const [key, at] of aged.sort((a, b) => a[1] - b[1])) this.#released.set(key, at);
    await this.sweep();
  }

  async recover(): Promise<Recovered> {
    return { entries: this.#recovered.splice(0), finished: [...this.#finished] };
  }

  async record(entry: JournalEntry): Promise<void> {
    const { job, state, outcome } = entry;
    const text = JSON.stringify({ job, ...(outcome && { outcome }) });
    const path = this.#at(FOLDERS[state], `${job.id}.json`);
    const before = this.#entries.get(job.id);
    const old = before && this.#at(FOLDERS[before.state], `${job.id}.json`);
    if (old && before.text === text) {
      if (old !== path) await rename(old, path);
    } else {
      await writeWhole(this.#at('tmp'), path, text);
      if (old && old !== path) await rm(old, { force: true });
    }
    this.#entries.set(job.id, { state, text });
  }

  async finish(entry: JournalEntry, how: 'answered' | 'abandoned'): Promise<void> {
    const { job, outcome } = entry;
    const ours = outcome?.ok === false && ERROR_CODES[outcome.code].fault === 'ours';
    if (how === 'abandoned' || ours) {
      // The target may hold what is needed to answer somebody, such as an interaction token: nothing to keep.
      const { reply: _, ...rest } = job;
      const text = JSON.stringify({ job: rest, outcome, how, at: new Date().toISOString() }, undefined, 2);
      await writeWhole(this.#at('tmp'), this.#at('bad', `${job.id}.json`), text);
    }
    // First in the list: a rewrite of the file under way must not lose it.
    this.#finished.push(job.id);
    await appendFile(this.#at('finished.log'), `${job.id}\n`, { mode: 0o600 });
    if (this.#finished.length > 2 * REMEMBERED_IDS) {
      this.#finished = this.#finished.slice(-REMEMBERED_IDS);
      await this.#writeFinished();
    }
    const state = this.#entries.get(job.id)?.state;
    this.#entries.delete(job.id);
    if (state) await rm(this.#at(FOLDERS[state], `${job.id}.json`), { force: true });
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const { maxBytes = DEFAULT_MAX_BYTES } = this.#options;
    const grown = () => this.#bytes - (this.#sizes.get(key) ?? 0) + bytes.byteLength;
    for (const oldest of [...this.#released.keys()]) {
      if (grown() <= maxBytes) break;
      await this.delete(oldest);
    }
    if (grown() > maxBytes) {
      throw new DctoonError('storage_full', `the spool holds ${this.#bytes} of ${maxBytes} bytes`);
    }
    // Counted before it is written, so that many at once do not pass the limit together.
    this.#count(key, bytes.byteLength);
    this.#released.delete(key);
    try {
      await writeWhole(this.#at('tmp'), this.#blob(key), bytes);
    } catch (error) {
      this.#count(key, undefined);
      throw error;
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#blob(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async release(key: string): Promise<void> {
    if (!this.#sizes.has(key)) return;
    if (!this.#options.keepMs) return this.delete(key);
    const now = new Date();
    this.#released.set(key, now.getTime());
    // The next process reads the time of release off the file.
    await utimes(this.#blob(key), now, now);
  }

  async delete(key: string): Promise<void> {
    this.#released.delete(key);
    this.#count(key, undefined);
    await rm(this.#blob(key), { force: true });
  }

  /** Deletes what was kept long enough. Runs by itself every 30 s. */
  async sweep(): Promise<void> {
    const { keepMs = 0 } = this.#options;
    for (const [key, at] of [...this.#released]) {
      if (Date.now() - at >= keepMs) await this.delete(key);
    }
    for (const name of await readdir(this.#at('bad'))) {
      const path = this.#at('bad', name);
      if (Date.now() - (await stat(path)).mtimeMs > BAD_MS) await rm(path, { force: true });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.#unlock();
  }

  #at(...names: string[]): string {
    return join(this.#options.folder, ...names);
  }

  #blob(key: string): string {
    if (!/^[A-Za-z0-9_-]+\.[a-z]+$/.test(key)) {
      throw new DctoonError('internal', `Expected a key such as tg-1.photo, got ${key}`);
    }
    return this.#at('blobs', key);
  }

  /** Keeps the books; `undefined` = the blob is gone. */
  #count(key: string, size: number | undefined): void {
    this.#bytes += (size ?? 0) - (this.#sizes.get(key) ?? 0);
    if (size === undefined) this.#sizes.delete(key);
    else this.#sizes.set(key, size);
  }

  async #writeFinished(): Promise<void> {
    const text = this.#finished.map((id) => `${id}\n`).join('');
    await writeWhole(this.#at('tmp'), this.#at('finished.log'), text);
  }
}

function parse(text: string, state: JournalEntry['state']): JournalEntry | undefined {
  try {
    return { ...(entrySchema.parse(JSON.parse(text)) as unknown as Omit<JournalEntry, 'state'>), state };
  } catch {
    return undefined;
  }
}
