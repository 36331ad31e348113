/**
 * Journal and blob store in one folder of plain files: no native module, about 10 ms per durable write, and nothing
 * lost under kill -9.
 *
 *   queued/  processing/  delivering/   <job>.json    the folder is the state
 *   blobs/                <job>.photo, <job>.cartoon
 *   bad/                  <job>.json    what the operator should see: no answer, or a failure of ours; without targets
 *   finished.log          ids of finished jobs, one a line
 *   tmp/                  drafts        lock
 *
 * Every file is written as a draft, synced and renamed, so it is whole or absent. Queued and delivering entries are on
 * the disk before the queue goes on; that a job is processed, or is over, survives kill -9 but perhaps not a power
 * failure, after which it is drawn or answered once more.
 */
import { randomUUID } from 'node:crypto';
import { appendFile, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../observability/logger.ts';
import { ERROR_CODES } from '../../shared/errors.ts';
import { parseJson } from '../../shared/json.ts';
import {
  asStorageError,
  checkWritable,
  ensurePrivateFolder,
  writeFileAtomic,
} from '../../storage/atomic-file.ts';
import { BoundedFolder } from '../../storage/blobs/bounded-folder.ts';
import { type BlobStore, type Bytes, cartoonKey, photoKey } from '../../storage/blobs/types.ts';
import { isOlder } from '../../storage/file-age.ts';
import { acquireProcessLock } from '../../storage/process-lock.ts';
import { storedOutcomeSchema } from '../outcomes.ts';
import { storedJobSchema } from '../stored-job.ts';
import type { Journal, JournalEntry, Recovered } from './journal.ts';

export interface SpoolOptions {
  readonly folder: string;
  readonly log: Logger;
  /** Most bytes of photos and cartoons. Default: 1 GiB. */
  readonly maxBytes?: number;
}

/** Later states first: after a crash between the write of one and the removal of the other, the later one counts. */
const STATES = ['delivering', 'processing', 'queued'] as const;
/** The folders of version 0.1, emptied at the start. */
const FOLDERS_0_1 = { delivering: 'out', processing: 'run', queued: 'new' } as const;
const REMEMBERED_IDS = 10_000;
const BAD_MS = 7 * 24 * 60 * 60_000;
const SWEEP_MS = 30_000;
const DEFAULT_MAX_BYTES = 1024 ** 3;

const entrySchema = z.looseObject({
  job: z
    .record(z.string(), z.unknown())
    // Version 0.1 said lane for user.
    .transform(({ lane, ...job }) => ({ ...job, user: job['user'] ?? lane }))
    .pipe(storedJobSchema.extend({ attempt: z.number(), reply: z.unknown() })),
  outcome: storedOutcomeSchema.exactOptional(),
});

/** @throws DctoonError `internal` when another process uses the folder */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const at = (name: string) => join(options.folder, name);
  await ensurePrivateFolder(options.folder);
  const unlock = await acquireProcessLock(at('lock'));
  // Drafts of a process that died.
  await rm(at('tmp'), { recursive: true, force: true });
  for (const name of [...STATES, 'bad', 'blobs', 'tmp']) await ensurePrivateFolder(at(name));
  for (const state of STATES) await moveEntries(at(FOLDERS_0_1[state]), at(state));
  const spool = new Spool(options, unlock);
  await spool.load();
  return spool;
}

export class Spool implements Journal, BlobStore {
  readonly durable = true;
  readonly #folder: string;
  readonly #log: Logger;
  readonly #unlock: () => Promise<void>;
  readonly #blobs: BoundedFolder;
  /** Where each live entry lies, and what is written there. */
  readonly #entries = new Map<string, { state: JournalEntry['state']; text: string }>();
  readonly #sweeper: NodeJS.Timeout;
  #recovered: JournalEntry[] = [];
  #finished: string[] = [];

  constructor({ folder, log, maxBytes = DEFAULT_MAX_BYTES }: SpoolOptions, unlock: () => Promise<void>) {
    this.#folder = folder;
    this.#log = log;
    this.#unlock = unlock;
    this.#blobs = new BoundedFolder({ folder: this.#at('blobs'), temporary: this.#at('tmp'), maxBytes });
    this.#sweeper = setInterval(() => {
      this.sweep().catch((error: unknown) => log.error({ err: error }, 'spool could not be swept'));
    }, SWEEP_MS).unref();
  }

  /** Bytes of all photos and cartoons. */
  get bytes(): number {
    return this.#blobs.bytes;
  }

  /** Bytes that may still come before `storage_full`. */
  get room(): number {
    return this.#blobs.room;
  }

  /** @throws what keeps files from being written */
  checkWritable(): Promise<void> {
    return checkWritable(this.#at('tmp'));
  }

  /** Reads what the last process left. */
  async load(): Promise<void> {
    const log = await readFile(this.#at('finished.log'), 'utf8').catch(() => '');
    // The last line may be cut; half an id could be the whole id of another job.
    this.#finished = log.split('\n').slice(0, -1).slice(-REMEMBERED_IDS);
    await this.#writeFinished();
    const finished = new Set(this.#finished);
    for (const state of STATES) {
      for (const file of await readdir(this.#at(state), { withFileTypes: true })) {
        const path = this.#at(state, file.name);
        const entry = file.isFile() ? parse(await readFile(path, 'utf8'), file.name, state) : undefined;
        if (!entry) {
          this.#log.error({ path }, 'not a journal entry: set aside in bad/, its photo cannot be answered');
          await this.#setAside(path, file.name);
        } else if (this.#entries.has(entry.job.id) || finished.has(entry.job.id)) {
          await rm(path);
        } else {
          this.#entries.set(entry.job.id, { state, text: textOf(entry) });
          this.#recovered.push(entry);
        }
      }
    }
    this.#recovered.sort((a, b) => a.job.createdAt - b.job.createdAt);
    const live = new Set([...this.#entries.keys()].flatMap((id) => [photoKey(id), cartoonKey(id)]));
    await this.#blobs.load((key) => live.has(key));
    await this.sweep();
  }

  async recover(): Promise<Recovered> {
    return { entries: this.#recovered.splice(0), finished: [...this.#finished] };
  }

  async record(entry: JournalEntry): Promise<void> {
    const { job, state } = entry;
    const text = textOf(entry);
    const path = this.#at(state, `${job.id}.json`);
    const before = this.#entries.get(job.id);
    const old = before && this.#at(before.state, `${job.id}.json`);
    if (old && before.text === text) {
      if (old !== path) await rename(old, path);
    } else {
      await writeFileAtomic(path, text, this.#at('tmp'));
      if (old && old !== path) await rm(old, { force: true });
    }
    this.#entries.set(job.id, { state, text });
  }

  async finish(entry: JournalEntry, how: 'done' | 'failed'): Promise<void> {
    const { job, outcome } = entry;
    const ours = outcome?.ok === false && ERROR_CODES[outcome.code].fault === 'ours';
    if (how === 'failed' || ours) {
      // The target may hold what is needed to answer somebody, such as an interaction token: nothing to keep.
      const { reply: _, ...rest } = job;
      const text = JSON.stringify({ job: rest, outcome, how, at: new Date().toISOString() }, undefined, 2);
      await writeFileAtomic(this.#at('bad', `${job.id}.json`), text, this.#at('tmp'));
    }
    // First in the list: a rewrite of the file under way must not lose it.
    this.#finished.push(job.id);
    const log = this.#at('finished.log');
    await appendFile(log, `${job.id}\n`, { mode: 0o600 }).catch((error: unknown) => {
      throw asStorageError(error, log);
    });
    if (this.#finished.length > 2 * REMEMBERED_IDS) {
      this.#finished = this.#finished.slice(-REMEMBERED_IDS);
      await this.#writeFinished();
    }
    const state = this.#entries.get(job.id)?.state;
    this.#entries.delete(job.id);
    if (state) await rm(this.#at(state, `${job.id}.json`), { force: true });
  }

  put(key: string, bytes: Bytes): Promise<void> {
    return this.#blobs.put(key, bytes);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(key);
  }

  delete(key: string): Promise<void> {
    return this.#blobs.delete(key);
  }

  /** Deletes what was set aside long ago. Runs by itself every 30 s. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#at('bad'))) {
      const path = this.#at('bad', name);
      if (await isOlder(path, BAD_MS)) await rm(path, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.#unlock();
  }

  /** Moves a file, or a folder that somebody has put there, to `bad/`; what has the name there already stays. */
  async #setAside(path: string, name: string): Promise<void> {
    const isTaken = (await stat(this.#at('bad', name)).catch(() => undefined)) !== undefined;
    await rename(path, this.#at('bad', isTaken ? `${name}.${randomUUID()}` : name));
  }

  #at(...names: string[]): string {
    return join(this.#folder, ...names);
  }

  async #writeFinished(): Promise<void> {
    const text = this.#finished.map((id) => `${id}\n`).join('');
    await writeFileAtomic(this.#at('finished.log'), text, this.#at('tmp'));
  }
}

function textOf({ job, outcome }: JournalEntry): string {
  return JSON.stringify({ job, ...(outcome && { outcome }) });
}

/** @param file name of the entry's file, which is its job's */
function parse(text: string, file: string, state: JournalEntry['state']): JournalEntry | undefined {
  const entry = parseJson(entrySchema, text);
  return entry && file === `${entry.job.id}.json` ? { ...entry, state } : undefined;
}

/** Moves every entry of a folder into another one; the first folder need not exist, and does not afterwards. */
async function moveEntries(from: string, to: string): Promise<void> {
  const names = await readdir(from).catch(() => []);
  for (const name of names) await rename(join(from, name), join(to, name));
  await rmdir(from).catch(() => {});
}
