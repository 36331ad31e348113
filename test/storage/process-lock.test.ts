import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireProcessLock, processLockHolder } from '../../src/storage/process-lock.ts';

const SCRIPT = fileURLToPath(new URL('./lock-process.ts', import.meta.url));
/** A pid namespace of its own, as a container has; needs rights that not every machine gives. */
const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const canUnshare = spawnSync('unshare', [...UNSHARE.slice(1), 'true']).status === 0;

let folder: string;
let path: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-lock-'));
  path = join(folder, 'lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await rm(folder, { recursive: true, force: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** Starts a process that wants the lock; resolves to it and the first thing it says. */
async function start(...before: string[]): Promise<{ child: ChildProcess; said: string }> {
  const [command = '', ...args] = [...before, process.execPath, '--import', 'tsx', SCRIPT, path];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

async function age(ms: number): Promise<void> {
  const past = new Date(Date.now() - ms);
  await utimes(path, past, past);
}

describe('the lock of a folder', () => {
  it('has one holder among many that start at once', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => acquireProcessLock(path)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(tries.map((one) => one.status === 'fulfilled' && one.value()));
    expect(await readdir(folder)).toEqual([]);
  });

  it('has one holder among many that find a dead one', async () => {
    const { child } = await start();
    await kill(child);
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => acquireProcessLock(path)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(tries.map((one) => one.status === 'fulfilled' && one.value()));
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over at once after kill -9', async () => {
    const { child, said } = await start();
    expect(said).toBe('held');
    expect(await processLockHolder(path)).toEqual({ pid: child.pid, host: hostname() });
    await expect(acquireProcessLock(path)).rejects.toThrow(`in use by process ${child.pid}`);
    await kill(child);
    expect(await processLockHolder(path)).toBeUndefined();
    await (await acquireProcessLock(path))();
  });

  it('works in a folder with a long path', async () => {
    const deep = join(folder, 'x'.repeat(200), 'y'.repeat(200));
    await mkdir(deep, { recursive: true });
    path = join(deep, 'lock');
    const { child, said } = await start();
    expect(said).toBe('held');
    await expect(acquireProcessLock(path)).rejects.toThrow('in use');
    await kill(child);
    await (await acquireProcessLock(path))();
  });

  it.runIf(canUnshare)('is not taken from a living process in another pid namespace', async () => {
    const first = await start(...UNSHARE);
    expect(first.said).toBe('held');
    // As long as it lives, however old its last sign of life is: it may have been suspended.
    await age(3_600_000);
    await expect(acquireProcessLock(path)).rejects.toThrow('in use');
    const second = await start(...UNSHARE);
    expect(second.said).toContain('in use');
    await kill(first.child);
    const third = await start(...UNSHARE);
    expect(third.said).toBe('held');
  });

  it('without a socket is believed by its sign of life, from another pid namespace', async () => {
    const kernel = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const owner = { host: hostname(), pid: 2 ** 22 + 1, kernel, pids: 'pid:[1]', key: 'k' };
    await writeFile(path, JSON.stringify(owner));
    await expect(acquireProcessLock(path)).rejects.toThrow('in use');
    await age(61_000);
    await (await acquireProcessLock(path))();
  });

  it('of version 0.1, which tells no namespace, is believed by its sign of life', async () => {
    await writeFile(path, JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, started: '1', key: 'k' }));
    await expect(acquireProcessLock(path)).rejects.toThrow('in use');
    await age(61_000);
    await (await acquireProcessLock(path))();
  });
});
