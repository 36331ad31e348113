/**
 * One process per folder. Node has no flock, so the lock is a file that names its process: host, process id and,
 * where /proc exists, the start time (process ids are reused, and in a container everybody is number 1). Of another
 * host only the age of its last sign of life can be judged.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DctoonError } from '../shared/errors.ts';

const BEAT_MS = 10_000;
const DEAD_MS = 60_000;
/** How long two processes that find the same dead lock wait to see who took it over last. */
const SETTLE_MS = 50;

const ownerSchema = z.object({
  host: z.string(),
  pid: z.number(),
  started: z.string().optional(),
  key: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/**
 * Takes the lock, or takes over the lock of a process that is dead.
 * @returns a function that releases it
 * @throws DctoonError `internal` when another process holds it; its message says which
 */
export async function acquireProcessLock(path: string): Promise<() => Promise<void>> {
  const mine: Owner = {
    host: hostname(),
    pid: process.pid,
    started: await startTime(process.pid),
    key: randomUUID(),
  };
  const text = JSON.stringify(mine);
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = await read(path);
    if (owner && (await lives(owner, path))) throw inUse(path, owner);
    const draft = `${path}.${mine.key}`;
    await writeFile(draft, text, { mode: 0o600 });
    await rename(draft, path);
    await sleep(SETTLE_MS);
    const winner = await read(path);
    if (winner && winner.key !== mine.key) throw inUse(path, winner);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, BEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    if ((await read(path))?.key === mine.key) await rm(path, { force: true });
  };
}

/** The living process that holds the lock, if one does; changes nothing. */
export async function processLockHolder(path: string): Promise<{ pid: number; host: string } | undefined> {
  const owner = await read(path);
  return owner && (await lives(owner, path)) ? { pid: owner.pid, host: owner.host } : undefined;
}

function inUse(path: string, owner: Owner): DctoonError {
  const who = `process ${owner.pid} on ${owner.host}`;
  return new DctoonError('internal', `${path}: in use by ${who}. Stop it first, or use another DATA_DIR.`);
}

/** The owner of the lock; undefined when there is none, or only half a file of one. */
async function read(path: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

async function lives(owner: Owner, path: string): Promise<boolean> {
  if (owner.host !== hostname()) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < DEAD_MS;
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (await startTime(owner.pid)) === owner.started;
}

/** Field 22 of /proc/<pid>/stat (proc(5)), in clock ticks since boot; undefined elsewhere. */
async function startTime(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The command in field 2 may contain spaces and parentheses.
  return line
    ?.slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .at(19);
}
