/**
 * One process per folder. The lock is a file that names its process. Whether that process lives is told by the kernel:
 * it listens on a socket beside the file, and whoever wants the lock tries to connect. That is exact and immediate,
 * in containers too: a process id says nothing to a process in another pid namespace, where everybody is number 1,
 * but a socket in a shared folder does as long as both run on one kernel. Where it cannot tell (another machine, a
 * file system without sockets, a lock of version 0.1) only the age of the last sign of life can be judged.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { link, open, readFile, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DctoonError } from '../shared/errors.ts';
import { parseJson } from '../shared/json.ts';
import { asStorageError } from './atomic-file.ts';

const HEARTBEAT_MS = 10_000;
const DEAD_MS = 60_000;
/** How long two processes that find the same dead lock wait to see who took it over last. */
const SETTLE_MS = 50;

const ownerSchema = z.object({
  host: z.string(),
  pid: z.number(),
  /** Start time of the process: process ids are used again. */
  started: z.string().optional(),
  /** Boot id of the kernel: processes with the same one run on the same kernel. Version 0.1 did not write it. */
  kernel: z.string().optional(),
  /** The pid namespace: within it a process id means the same to both. */
  pids: z.string().optional(),
  /** Name of the socket beside the file, if there is one. */
  socket: z
    .string()
    .regex(/^[\w.-]+$/)
    .optional(),
  key: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/**
 * Takes the lock, or takes over the lock of a process that is dead.
 * @returns a function that releases it
 * @throws DctoonError `internal` when another process holds it; its message says which | `storage_full`
 */
export async function acquireProcessLock(path: string): Promise<() => Promise<void>> {
  const key = randomUUID();
  // First of all: whoever reads our file must be able to see that we live.
  const beacon = await Beacon.open(dirname(path), `${basename(path)}.${key.slice(0, 8)}.sock`);
  try {
    await take(path, { ...(await self()), key, ...(beacon && { socket: beacon.name }) });
  } catch (error) {
    await beacon?.close();
    throw asStorageError(error, path);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    if ((await read(path))?.key === key) await rm(path, { force: true });
    await beacon?.close();
  };
}

/** The living process that holds the lock, if one does; changes nothing. */
export async function processLockHolder(path: string): Promise<{ pid: number; host: string } | undefined> {
  const owner = await read(path);
  return owner && (await isAlive(owner, path)) ? { pid: owner.pid, host: owner.host } : undefined;
}

async function take(path: string, mine: Owner): Promise<void> {
  const draft = `${path}.${mine.key}`;
  try {
    await writeFile(draft, JSON.stringify(mine), { mode: 0o600 });
    if (await create(draft, path)) return;
    const owner = await read(path);
    if (owner && (await isAlive(owner, path))) throw inUse(path, owner);
    const faster = await read(path);
    if (faster && faster.key !== owner?.key) throw inUse(path, faster);
    await rename(draft, path);
    await sleep(SETTLE_MS);
    const winner = await read(path);
    if (winner && winner.key !== mine.key) throw inUse(path, winner);
    if (owner?.socket) await rm(join(dirname(path), owner.socket), { force: true });
  } finally {
    await rm(draft, { force: true });
  }
}

/** Gives the draft its name, whole and at once, unless the name is taken. */
async function create(draft: string, path: string): Promise<boolean> {
  const taken = (error: NodeJS.ErrnoException) => error.code === 'EEXIST';
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (taken(error as NodeJS.ErrnoException)) return false;
  }
  // A file system without hard links.
  try {
    await writeFile(path, await readFile(draft), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (taken(error as NodeJS.ErrnoException)) return false;
    throw error;
  }
}

function inUse(path: string, owner: Owner): DctoonError {
  const who = `process ${owner.pid} on ${owner.host}`;
  return new DctoonError('internal', `${path}: in use by ${who}. Stop it first, or use another DATA_DIR.`);
}

/** The owner of the lock; undefined when there is none, or only half a file of one. */
async function read(path: string): Promise<Owner | undefined> {
  return parseJson(ownerSchema, await readFile(path, 'utf8').catch(() => undefined));
}

async function self(): Promise<Omit<Owner, 'key'>> {
  const [started, kernel, pids] = await Promise.all([startTime(process.pid), bootId(), pidNamespace()]);
  return { host: hostname(), pid: process.pid, started, kernel, pids };
}

async function isAlive(owner: Owner, path: string): Promise<boolean> {
  const me = await self();
  const isSameKernel = owner.kernel === me.kernel && (me.kernel !== undefined || owner.host === me.host);
  if (isSameKernel && owner.socket) {
    const answer = await Beacon.probe(dirname(path), owner.socket);
    if (answer !== undefined) return answer;
  }
  if (isSameKernel && owner.pids === me.pids) {
    return hasProcess(owner.pid) && (await startTime(owner.pid)) === owner.started;
  }
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < DEAD_MS;
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A socket that shows, as long as its process lives, that it does. */
class Beacon {
  readonly name: string;
  readonly #path: string;
  readonly #server: Server;

  private constructor(name: string, path: string, server: Server) {
    this.name = name;
    this.#path = path;
    this.#server = server;
  }

  /** Undefined where the file system has no sockets. */
  static async open(folder: string, name: string): Promise<Beacon | undefined> {
    // Windows has no sockets in folders.
    if (process.platform === 'win32') return undefined;
    const server = createServer((connection) => connection.destroy());
    try {
      await withShortPath(folder, async (short) => {
        server.listen(join(short, name));
        await once(server, 'listening');
      });
    } catch {
      return undefined;
    }
    server.unref();
    return new Beacon(name, join(folder, name), server);
  }

  /** Whether somebody listens; undefined where that cannot be told. */
  static async probe(folder: string, name: string): Promise<boolean | undefined> {
    return withShortPath(folder, async (short) => {
      const connection = createConnection(join(short, name));
      try {
        await once(connection, 'connect');
        return true;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? false : undefined;
      } finally {
        connection.destroy();
      }
    }).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#server.close();
    await rm(this.#path, { force: true });
  }
}

/**
 * The path of a socket has 107 bytes at most (unix(7)), and a folder may have more: on Linux it can be named by its
 * open descriptor.
 */
async function withShortPath<T>(folder: string, use: (short: string) => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return use(folder);
  const handle = await open(folder, 'r');
  try {
    return await use(`/proc/self/fd/${handle.fd}`);
  } finally {
    await handle.close();
  }
}

async function bootId(): Promise<string | undefined> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function pidNamespace(): Promise<string | undefined> {
  return readlink('/proc/self/ns/pid').catch(() => undefined);
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
