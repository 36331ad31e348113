/**
 * A file of JSON lines that is appended to, and rewritten when much of it is of the past. All lines that come together
 * share one fsync, so that a rush of acknowledgements due within seconds waits for two or three of them (10 ms each),
 * not for one per line.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { Logger } from '../observability/logger.ts';
import { asStorageError, ensurePrivateFolder, writeFileAtomic } from './atomic-file.ts';

export interface AppendLogOptions {
  readonly file: string;
  readonly log: Logger;
  /** Every line that is still of use, asked for when the file is rewritten. */
  readonly contents: () => Iterable<unknown>;
}

interface Append {
  readonly text: string;
  readonly isDurable: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What is of the past leaves the file after this time at most: messages of people, and tokens to answer them. */
const REWRITE_MS = 60_000;
/** It leaves earlier when it is this much. */
const MOST_PAST_BYTES = 1_000_000;

export class AppendLog {
  readonly #options: AppendLogOptions;
  readonly #timer: NodeJS.Timeout;
  #handle: FileHandle | undefined;
  /** Lines that wait for the writer. */
  #waiting: Append[] = [];
  #writing: Promise<void> | undefined;
  #fileBytes = 0;
  /** Bytes of the file that are of the past. */
  #pastBytes = 0;
  #isRewriteDue = false;

  constructor(options: AppendLogOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#rewriteSoon(), REWRITE_MS).unref();
  }

  /** The whole lines of a file, which need not exist. A line that a crash cut short was confirmed to nobody. */
  static async lines(file: string): Promise<string[]> {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return '';
    });
    return text.split('\n').slice(0, -1);
  }

  /** Writes `contents` and makes ready for `append`. @throws DctoonError `storage_full` */
  async open(): Promise<void> {
    await ensurePrivateFolder(draftsOf(this.#options.file));
    await this.#rewrite();
  }

  /**
   * Resolves when the line is in the file, rejects when it is not.
   * @param isDurable whether it must survive a power failure by then; otherwise only the death of this process
   */
  append(line: unknown, isDurable: boolean): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ text, isDurable, resolve, reject });
    });
    this.#startWriting();
    return written;
  }

  /** So many bytes of the file are of no use any more. */
  supersede(bytes: number): void {
    this.#pastBytes += bytes;
  }

  /** Resolves when nothing of the past is left in the file, or it could not be rewritten: then it is tried again. */
  async scrub(): Promise<void> {
    this.#rewriteSoon();
    await this.#writing;
  }

  /** Resolves when everything is written, and nothing of the past is left. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.scrub();
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #rewriteSoon(): void {
    if (this.#pastBytes === 0) return;
    this.#isRewriteDue = true;
    this.#startWriting();
  }

  #startWriting(): void {
    this.#writing ??= this.#write();
  }

  /** Writes what waits, and what comes meanwhile, batch by batch. Never rejects. */
  async #write(): Promise<void> {
    // In the next turn of the loop: whatever comes in this one joins the first batch.
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#isRewriteDue) {
      if (this.#isRewriteDue || this.#pastBytes > MOST_PAST_BYTES) {
        this.#isRewriteDue = false;
        await this.#rewrite().catch((error: unknown) => {
          this.#options.log.warn({ err: error }, 'inbox: its file could not be rewritten');
        });
      }
      const batch = this.#waiting.splice(0);
      try {
        await this.#writeBatch(batch);
        for (const line of batch) line.resolve();
      } catch (error) {
        for (const line of batch) line.reject(error);
      }
    }
    // At once: a line that comes in the next moment needs another writer.
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Append[]): Promise<void> {
    if (batch.length === 0) return;
    const handle = this.#handle;
    if (!handle) throw new Error('the inbox is closed');
    const data = Buffer.from(batch.map(({ text }) => text).join(''));
    try {
      await handle.appendFile(data);
      if (batch.some(({ isDurable }) => isDurable)) await handle.datasync();
      this.#fileBytes += data.length;
    } catch (error) {
      // Half a line would take the next one along.
      await handle.truncate(this.#fileBytes).catch(() => {});
      throw asStorageError(error, this.#options.file);
    }
  }

  /** Leaves the past behind, and with it whatever secrets its lines had. */
  async #rewrite(): Promise<void> {
    const { file, contents } = this.#options;
    const data = Buffer.from([...contents()].map((line) => `${JSON.stringify(line)}\n`).join(''));
    await writeFileAtomic(file, data, draftsOf(file));
    const old = this.#handle;
    this.#handle = await open(file, 'a', 0o600);
    this.#fileBytes = data.length;
    this.#pastBytes = 0;
    await old?.close();
  }
}

/** Folder for the drafts of a log's file. */
export function draftsOf(file: string): string {
  return `${file}.tmp`;
}
