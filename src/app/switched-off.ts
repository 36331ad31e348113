/**
 * What a platform that is switched off has left in `DATA_DIR`. It is kept for a while, since an operator may switch it
 * on again; but nobody was promised that their photo stays for ever. (What is with the queue: `queue/delivery.ts`.)
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../observability/logger.ts';
import { isOlder } from '../storage/file-age.ts';
import { processLockHolder } from '../storage/process-lock.ts';

const KEPT_MS = 24 * 3600_000;
const SWEEP_MS = 60_000;

type Settings = Pick<
  Config,
  'DATA_DIR' | 'KEEP_MINUTES' | 'TELEGRAM_TOKEN' | 'DISCORD_TOKEN' | 'DISCORD_PUBLIC_KEY'
>;

/** Sweeps now and then until the function it returns is called. */
export async function sweepSwitchedOff(config: Settings, log: Logger): Promise<() => void> {
  const sweep = () =>
    sweepOnce(config).catch((error: unknown) => {
      log.warn({ err: error }, 'what a platform that is switched off has left could not be deleted');
    });
  await sweep();
  const timer = setInterval(sweep, SWEEP_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function sweepOnce(config: Settings): Promise<void> {
  const at = (...names: string[]) => join(config.DATA_DIR, ...names);
  if (!config.TELEGRAM_TOKEN) await deleteInboxes(at('telegram', 'inbox'));
  if (!config.DISCORD_TOKEN && !config.DISCORD_PUBLIC_KEY) {
    await deleteInboxes(at('discord', 'inbox'));
    await deleteFiles(at('discord', 'replies'), KEPT_MS);
    await deleteFiles(at('discord', 'originals'), config.KEEP_MINUTES * 60_000);
  }
}

/** Deletes the inboxes that nobody has open and nobody wrote to lately. */
async function deleteInboxes(folder: string): Promise<void> {
  for (const path of await filesOlderThan(folder, KEPT_MS)) {
    if (path.endsWith('.jsonl') && !(await processLockHolder(`${path}.lock`)))
      await rm(path, { force: true });
  }
}

async function deleteFiles(folder: string, ageMs: number): Promise<void> {
  for (const path of await filesOlderThan(folder, ageMs)) await rm(path, { force: true });
}

/** Files last written longer ago; none where there is no such folder. */
async function filesOlderThan(folder: string, ageMs: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const old: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await isOlder(path, ageMs))) old.push(path);
  }
  return old;
}
