/** Files that are whole or absent, whatever dies meanwhile. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DctoonError } from '../shared/errors.ts';

/**
 * Writes a file in maildir manner: a temporary file, fsync, rename, fsync of the folder. Nobody ever sees half of it,
 * and once this resolves it survives a power failure.
 * @param temporary folder on the same file system
 * @throws DctoonError `storage_full`
 */
export async function writeFileAtomic(
  temporary: string,
  path: string,
  data: Uint8Array | string,
): Promise<void> {
  const draft = join(temporary, randomUUID());
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(draft, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new DctoonError('storage_full', 'the disk is full', { cause: error });
  }
}

/** A folder for its owner alone. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders; its rename is durable enough.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
