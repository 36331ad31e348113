/**
 * What the service remembers about a user: the chosen style, and which one-time hints it has seen. One JSON file,
 * written whole and atomically (write, fsync, rename) a moment after a change. A change made within the last second
 * before a kill -9 is forgotten; that costs one tap, and is worth less than an fsync per tap.
 */
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Logger } from '../../../observability/logger.ts';
import { Serial } from '../../../shared/serial.ts';
import { writeFileAtomic } from '../../../storage/atomic-file.ts';
import {
  DEFAULT_MAX_USERS,
  preferencesSchema,
  type StoredPreferences,
  UserPreferences,
} from './user-preferences.ts';

export interface FilePreferencesOptions {
  /** Path of the JSON file; its folder is created. */
  readonly file: string;
  readonly log: Logger;
  /** Users remembered; the ones that changed nothing for longest are forgotten. Default: 100,000 (about 6 MB). */
  readonly maxUsers?: number;
  /** Milliseconds between a change and the write that saves it with all others. Default: 1000. */
  readonly delayMs?: number;
  /** Milliseconds between a write that failed and the next. Default: 60,000. */
  readonly retryMs?: number;
}

const usersSchema = z.record(z.string(), preferencesSchema);
/** Version 0.1 said lanes for users. */
const fileSchema = z.object({
  version: z.literal(1),
  users: usersSchema.optional(),
  lanes: usersSchema.optional(),
});

export class FilePreferences extends UserPreferences {
  readonly #options: FilePreferencesOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Whether memory is ahead of the file. */
  #isChanged = false;
  readonly #writes = new Serial();

  private constructor(options: FilePreferencesOptions, users: Map<string, StoredPreferences>) {
    super(users, options.maxUsers ?? DEFAULT_MAX_USERS);
    this.#options = options;
  }

  /** Reads the file. One that cannot be understood is put aside, since preferences are no reason not to start. */
  static async open(options: FilePreferencesOptions): Promise<FilePreferences> {
    await mkdir(dirname(options.file), { recursive: true, mode: 0o700 });
    const text = await readFile(options.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (text === undefined) return new FilePreferences(options, new Map());
    try {
      const { users, lanes } = fileSchema.parse(JSON.parse(text));
      return new FilePreferences(options, new Map(Object.entries(users ?? lanes ?? {})));
    } catch {
      const aside = `${options.file}.broken`;
      await rename(options.file, aside);
      options.log.warn({ file: aside }, 'the preferences could not be read; starting without');
      return new FilePreferences(options, new Map());
    }
  }

  /** Writes what has changed since the last write that succeeded. @throws DctoonError `storage_full` */
  override async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writes.run(() => this.#write());
  }

  protected override keep(): void {
    this.#isChanged = true;
    this.#flushIn(this.#options.delayMs ?? 1000);
  }

  protected override async erase(_user: string, isKnown: boolean): Promise<void> {
    if (isKnown) this.#isChanged = true;
    await this.flush();
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'the preferences could not be saved');
      });
    }, ms).unref();
  }

  async #write(): Promise<void> {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const text = JSON.stringify({ version: 1, users: Object.fromEntries(this.users) });
    try {
      await writeFileAtomic(this.#options.file, text);
    } catch (error) {
      this.#isChanged = true;
      this.#flushIn(this.#options.retryMs ?? 60_000);
      throw error;
    }
  }
}
