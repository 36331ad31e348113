/**
 * A durable inbox: what a platform has handed over, and nobody has dealt with yet. A platform tells us once (Telegram
 * after the confirmation, Discord's gateway always), so an item is on the disk before the platform hears "I have it",
 * and leaves when it is dealt with. What a dead process left behind is dealt with by the next one.
 *
 * One append log: `["+", id, item]` and `["-", id]`, a line each. Processes that share the folder have a file each, and
 * whoever starts takes over the files of the dead. Removals are not synced: after a power failure, unlike after
 * kill -9, an item may be dealt with once more, and its idempotency key has to recognise it.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../observability/logger.ts';
import { DctoonError } from '../shared/errors.ts';
import { RecentIds } from '../shared/recent-ids.ts';
import { AppendLog, draftsOf } from './append-log.ts';
import { ensurePrivateFolder } from './atomic-file.ts';
import { acquireProcessLock } from './process-lock.ts';

export interface InboxOptions<T> {
  /** Created for its owner alone. */
  readonly folder: string;
  readonly log: Logger;
  /** Reads an item back; undefined when it is not one (an older version wrote it). */
  readonly parse: (json: unknown) => T | undefined;
  /** Most items at a time. Default 2000. */
  readonly limit?: number;
  /** Most bytes of items at a time. Default 32 MB. */
  readonly maxBytes?: number;
}

type Unlock = () => Promise<void>;

interface Item<T> {
  readonly value: T;
  readonly bytes: number;
}

/** Ids that are known to have been dealt with. Platforms repeat what they sent within minutes. */
const REMEMBERED_IDS = 10_000;
export class Inbox<T> {
  readonly #options: InboxOptions<T>;
  readonly #file: string;
  readonly #unlock: Unlock;
  readonly #items = new Map<string, Item<T>>();
  readonly #done = new RecentIds(REMEMBERED_IDS);
  /** Items on their way to the disk, by id. */
  readonly #writes = new Map<string, Promise<void>>();
  readonly #appendLog: AppendLog;
  #liveBytes = 0;

  private constructor(options: InboxOptions<T>, file: string, unlock: Unlock) {
    this.#options = options;
    this.#file = file;
    this.#unlock = unlock;
    this.#appendLog = new AppendLog({ file, log: options.log, contents: () => this.#contents() });
  }

  static async open<T>(options: InboxOptions<T>): Promise<Inbox<T>> {
    const { folder } = options;
    await ensurePrivateFolder(folder);
    for (let number = 0; ; number++) {
      const file = join(folder, `${number}.jsonl`);
      const unlock = await tryLock(file);
      if (!unlock) continue;
      const inbox = new Inbox(options, file, unlock);
      await inbox.#load();
      return inbox;
    }
  }

  /** Nothing more fits; whoever can wait, or be told to come again, should. */
  get isFull(): boolean {
    const { limit = 2000, maxBytes = 32e6 } = this.#options;
    return this.#items.size >= limit || this.#liveBytes >= maxBytes;
  }

  /** Items that are not dealt with, oldest first. After `open`: what the last process left. */
  get items(): readonly (readonly [id: string, item: T])[] {
    return [...this.#items].map(([id, { value }]) => [id, value]);
  }

  /** Whether an item is here, or was dealt with lately. */
  has(id: string): boolean {
    return this.#items.has(id) || this.#done.has(id);
  }

  /**
   * Takes an item in; it is on the disk when this resolves. An id that is known is not taken again.
   * @returns whether it was news
   */
  async put(id: string, item: T): Promise<boolean> {
    if (this.#done.has(id)) return false;
    if (this.#items.has(id)) {
      // Repeated before the first is safe: this one must not be confirmed earlier either.
      await this.#writes.get(id);
      return false;
    }
    await this.#store(id, item);
    return true;
  }

  /** Changes an item that is still here; the change is on the disk when this resolves. */
  async update(id: string, item: T): Promise<void> {
    if (this.#items.has(id)) await this.#store(id, item);
  }

  /** The item is dealt with. */
  remove(id: string): void {
    const item = this.#items.get(id);
    if (!item) return;
    this.#appendLog.supersede(item.bytes);
    this.#set(id, undefined);
    this.#done.add(id);
    this.#appendLog.append(['-', id], false).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'inbox: a removal was not written, the item may come again');
    });
  }

  /** What was dealt with leaves the file at once, not within a minute. */
  async scrub(): Promise<void> {
    await this.#appendLog.scrub();
  }

  /** Resolves when everything is written, and nothing of the past is left. */
  async close(): Promise<void> {
    await this.#appendLog.close();
    await this.#unlock();
  }

  async #store(id: string, value: T): Promise<void> {
    const before = this.#items.get(id);
    const line = ['+', id, value];
    this.#set(id, { value, bytes: Buffer.byteLength(JSON.stringify(line)) });
    const written = this.#appendLog.append(line, true);
    this.#writes.set(id, written);
    try {
      await written;
    } catch (error) {
      this.#set(id, before);
      throw error;
    } finally {
      if (this.#writes.get(id) === written) this.#writes.delete(id);
    }
  }

  #set(id: string, item: Item<T> | undefined): void {
    this.#liveBytes += (item?.bytes ?? 0) - (this.#items.get(id)?.bytes ?? 0);
    if (item) this.#items.set(id, item);
    else this.#items.delete(id);
  }

  async #load(): Promise<void> {
    const { folder } = this.#options;
    await rm(draftsOf(this.#file), { recursive: true, force: true });
    await this.#read(this.#file);
    const dead: { file: string; unlock: Unlock }[] = [];
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const unlock = name.endsWith('.jsonl') && file !== this.#file ? await tryLock(file) : undefined;
      if (!unlock) continue;
      await this.#read(file);
      dead.push({ file, unlock });
    }
    await this.#appendLog.open();
    for (const { file, unlock } of dead) {
      await rm(file, { force: true });
      await rm(draftsOf(file), { recursive: true, force: true });
      await unlock();
    }
  }

  async #read(file: string): Promise<void> {
    const lines = await AppendLog.lines(file);
    const unreadable = lines.filter((line) => !this.#replay(line)).length;
    if (unreadable > 0) this.#options.log.warn({ file, unreadable }, 'inbox: lines that cannot be read');
  }

  #replay(line: string): boolean {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      return false;
    }
    if (!Array.isArray(parsed)) return false;
    const [sign, id, json] = parsed as unknown[];
    if (typeof id !== 'string') return false;
    if (sign === '-') {
      this.#set(id, undefined);
      this.#done.add(id);
      return true;
    }
    // Of a file that was taken over by a process that died before it could remove it.
    if (this.#done.has(id)) return true;
    const value = this.#options.parse(json);
    if (sign !== '+' || value === undefined) return false;
    this.#set(id, { value, bytes: Buffer.byteLength(line) });
    return true;
  }

  *#contents(): Iterable<readonly unknown[]> {
    for (const id of this.#done) yield ['-', id];
    for (const [id, { value }] of this.#items) yield ['+', id, value];
  }
}

/** Undefined when another process has the file. */
async function tryLock(file: string): Promise<Unlock | undefined> {
  try {
    return await acquireProcessLock(`${file}.lock`);
  } catch (error) {
    if (error instanceof DctoonError) return undefined;
    throw error;
  }
}
