/** Files that are whole or absent, whatever dies meanwhile. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DctoonError } from '../shared/errors.ts';

/** Ends the name of every draft, so that whoever lists a folder can tell. */
export const DRAFT = '.tmp';

/**
 * Writes a file in maildir manner: a draft under a name of its own, fsync, rename, fsync of the folder. Nobody ever
 * sees half of it, two writers do not meet, and once this resolves it survives a power failure. Readable by its owner
 * alone.
 * @param drafts folder for the draft, on the same file system. Default: that of the file
 * @throws DctoonError `storage_full`
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string | readonly Uint8Array[],
  drafts: string = dirname(path),
): Promise<void> {
  await place(path, drafts, async (draft) => {
    const handle = await open(draft, 'wx', 0o600);
    await syncAndClose(handle, async () => {
      for (const part of Array.isArray(data) ? data : [data]) await handle.writeFile(part);
    });
  });
}

/**
 * Gives a complete file its name, with the promises of `writeFileAtomic`. What comes from another file system is copied.
 * @param drafts as there
 * @throws DctoonError `storage_full`
 */
export async function moveFileAtomic(
  from: string,
  path: string,
  drafts: string = dirname(path),
): Promise<void> {
  await place(path, drafts, async (draft) => {
    await rename(from, draft).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV') throw error;
      await copyFile(from, draft, constants.COPYFILE_EXCL);
      await rm(from, { force: true });
    });
    const handle = await open(draft, 'r+');
    await syncAndClose(handle, () => handle.chmod(0o600));
  });
}

/** Gives a file its name once it is complete and synced as a draft; no draft is left when that fails. */
async function place(path: string, drafts: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = join(drafts, `${randomUUID()}${DRAFT}`);
  try {
    await make(draft);
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(draft, { force: true });
    throw asStorageError(error, path);
  }
}

async function syncAndClose(handle: FileHandle, work: () => Promise<void> = async () => {}): Promise<void> {
  try {
    await work();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** An error of the file system, with the path when it is that the disk is full: `write` alone does not say where. */
export function asStorageError(error: unknown, path: string): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') return error;
  return new DctoonError('storage_full', `the disk is full: ${path} (${error.message})`, { cause: error });
}

/**
 * A folder for its owner alone.
 * @throws DctoonError `storage_full`
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (error) {
    throw asStorageError(error, path);
  }
}

/**
 * Writes a small file and removes it.
 * @throws what keeps files from being written: the file system is read-only or full, or the rights are missing
 */
export async function checkWritable(folder: string): Promise<void> {
  const path = join(folder, `${randomUUID()}${DRAFT}`);
  try {
    await writeFile(path, 'x', { flag: 'wx', mode: 0o600 });
  } finally {
    await rm(path, { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders; its rename is durable enough.
  if (process.platform === 'win32') return;
  await syncAndClose(await open(path, 'r'));
}
