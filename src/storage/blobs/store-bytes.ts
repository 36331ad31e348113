/** What the stores of files have in common: bytes of either kind under a name, whole and durable. */
import { moveFileAtomic, writeFileAtomic } from '../atomic-file.ts';
import type { Bytes } from './types.ts';

/** @param drafts folder for drafts, on the file system of `path` */
export async function storeBytes(path: string, bytes: Bytes, drafts: string): Promise<void> {
  if (bytes instanceof Uint8Array) await writeFileAtomic(path, bytes, drafts);
  else await moveFileAtomic(bytes.path, path, drafts);
}
