import { spawn } from 'node:child_process';
import {
  appendFile,
  type FileHandle,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Inbox, type InboxOptions } from '../../src/storage/inbox.ts';

const log = pino({ level: 'silent' });
let folder: string;
let file: string;
let inbox: Inbox<string> | undefined;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'dctoon-inbox-')), 'in');
  file = join(folder, '0.jsonl');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await inbox?.close();
  inbox = undefined;
  await rm(dirname(folder), { recursive: true, force: true });
});

/** The inbox as the next process finds it. */
async function next(options: Partial<InboxOptions<string>> = {}): Promise<Inbox<string>> {
  await inbox?.close();
  const parse = (json: unknown) => (typeof json === 'string' ? json : undefined);
  inbox = await Inbox.open<string>({ folder, log, parse, ...options });
  return inbox;
}

/** What every open file inherits, to make a disk fail. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await openFile(file);
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

describe('Inbox', () => {
  it('gives the next process what was not dealt with, in order', async () => {
    const first = await next();
    for (const id of ['a', 'b', 'c', 'd']) expect(await first.put(id, `item ${id}`)).toBe(true);
    first.remove('b');
    await first.update('a', 'changed');
    const second = await next();
    expect(second.items).toEqual([
      ['a', 'changed'],
      ['c', 'item c'],
      ['d', 'item d'],
    ]);
    second.remove('a');
    expect((await next()).items.map(([id]) => id)).toEqual(['c', 'd']);
  });

  it('takes nothing twice, not even what was dealt with before the restart', async () => {
    const first = await next();
    await first.put('a', '1');
    expect(await first.put('a', '2')).toBe(false);
    first.remove('a');
    expect(await first.put('a', '3')).toBe(false);
    const second = await next();
    expect(await second.put('a', '4')).toBe(false);
    expect(second.items).toEqual([]);
    // What is not here any more cannot be changed, or dealt with again.
    await second.update('a', '5');
    second.remove('a');
    expect((await next()).items).toEqual([]);
  });

  it('is readable by its owner alone', async () => {
    await (await next()).put('a', 'secret');
    for (const path of [folder, file, `${file}.tmp`])
      expect([path, (await stat(path)).mode & 0o077]).toEqual([path, 0]);
  });

  it('is one each for processes that share the folder; who starts takes over what the dead have left', async () => {
    const first = await next();
    await first.put('a', '1');
    const parse = String;
    const second = await Inbox.open<string>({ folder, log, parse });
    const third = await Inbox.open<string>({ folder, log, parse });
    await second.put('b', '2');
    await third.put('c', '3');
    third.remove('c');
    expect([first.items, second.items, third.items]).toEqual([[['a', '1']], [['b', '2']], []]);
    await second.close();
    await third.close();
    // The first still lives.
    const fourth = await Inbox.open<string>({ folder, log, parse });
    expect(fourth.items).toEqual([['b', '2']]);
    expect(await fourth.put('c', '3')).toBe(false);
    await fourth.close();
    expect((await next()).items).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
    expect((await readdir(folder)).filter((name) => name.endsWith('.jsonl'))).toEqual(['0.jsonl']);
  });

  it('writes a rush of items with a few fsyncs', async () => {
    const busy = await next();
    const sync = vi.spyOn(await fileHandles(), 'datasync');
    await Promise.all(Array.from({ length: 200 }, (_, i) => busy.put(`id ${i}`, 'x')));
    expect(sync.mock.calls.length).toBeLessThanOrEqual(3);
    expect((await next()).items).toHaveLength(200);
  });

  it('says when it is full, by count and by bytes', async () => {
    const few = await next({ limit: 2 });
    await few.put('a', '');
    expect(few.isFull).toBe(false);
    await few.put('b', '');
    expect(few.isFull).toBe(true);
    few.remove('a');
    expect(few.isFull).toBe(false);
    const small = await next({ maxBytes: 100 });
    await small.put('c', 'x'.repeat(100));
    expect(small.isFull).toBe(true);
    small.remove('c');
    expect(small.isFull).toBe(false);
  });

  it('stays small, however much passes through, and forgets what was in it', async () => {
    const busy = await next();
    for (let i = 0; i < 60; i++) {
      await busy.put(`id ${i}`, `secret-${i}-`.repeat(5000));
      busy.remove(`id ${i}`);
    }
    await busy.put('last', 'x');
    expect((await stat(file)).size).toBeLessThan(1_500_000);
    expect(await readFile(file, 'utf8')).toContain('secret');
    // At the latest with the end of the process, or after a minute.
    await busy.close();
    inbox = undefined;
    expect(await readFile(file, 'utf8')).not.toContain('secret');
    expect((await next()).items).toEqual([['last', 'x']]);
  });

  it('after a minute nothing of the past is in the file', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const quiet = await next();
      await quiet.put('a', 'secret');
      await quiet.put('b', 'still here');
      quiet.remove('a');
      expect(await readFile(file, 'utf8')).toContain('secret');
      vi.advanceTimersByTime(60_000);
      await expect.poll(() => readFile(file, 'utf8')).not.toContain('secret');
      expect(await quiet.put('a', 'again')).toBe(false);
      expect((await next()).items).toEqual([['b', 'still here']]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('at once when it is asked to', async () => {
    const quiet = await next();
    await quiet.put('a', 'secret');
    await quiet.put('b', 'still here');
    quiet.remove('a');
    await quiet.scrub();
    expect(await readFile(file, 'utf8')).not.toContain('secret');
    expect((await next()).items).toEqual([['b', 'still here']]);
  });

  it('a full disk refuses the item, and takes nothing else along', async () => {
    const full = await next();
    await full.put('before', '1');
    const disk = await fileHandles();
    const { appendFile: write } = disk;
    vi.spyOn(disk, 'appendFile').mockImplementationOnce(async function (this: FileHandle, data) {
      await write.call(this, (data as Buffer).subarray(0, 5));
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    await expect(full.put('during', '2')).rejects.toThrow('no space');
    expect(await full.put('after', '3')).toBe(true);
    // Refused is not known: it may be tried again.
    expect(await full.put('during', '4')).toBe(true);
    expect(Object.fromEntries((await next()).items)).toEqual({ before: '1', after: '3', during: '4' });
  });

  it('an answer for the second of two equal items does not come before the first is safe', async () => {
    const slow = await next();
    const disk = await fileHandles();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    vi.spyOn(disk, 'datasync').mockImplementationOnce(() => gate);
    let confirmed = 0;
    const both = [slow.put('a', 'x'), slow.put('a', 'x')].map((put) => put.then(() => confirmed++));
    await sleep(50);
    expect(confirmed).toBe(0);
    release();
    await Promise.all(both);
    expect(confirmed).toBe(2);
  });

  it('survives a line that was cut short, and lines of others', async () => {
    await (await next()).put('a', '1');
    await inbox?.close();
    await appendFile(file, 'garbage\n["+"]\n["+","n",5]\n{}\n["x","y"]\n["+","b","2"]\n["+","c","cut of');
    inbox = undefined;
    expect((await next()).items).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('opens whatever lies there', async () => {
    await (await next()).close();
    inbox = undefined;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        await writeFile(file, text);
        const opened = await Inbox.open<string>({ folder, log, parse: String });
        await opened.put('mine', 'x');
        await opened.close();
      }),
      { numRuns: 30 },
    );
  });

  it('survives kill -9: nothing that was confirmed is lost, nothing that was dealt with comes again', async () => {
    const script = fileURLToPath(new URL('./inbox-process.ts', import.meta.url));
    const lines: string[] = [];
    for (let run = 0; run < 4; run++) {
      const child = spawn(process.execPath, ['--import', 'tsx', script, folder, String(run)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let rest = '';
      const before = lines.length;
      child.stdout.on('data', (chunk) => {
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts);
      });
      await vi.waitFor(() => expect(lines.length).toBeGreaterThan(before), { timeout: 30_000, interval: 10 });
      await sleep(20 + Math.random() * 100);
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    const ids = (verb: string) =>
      lines.filter((line) => line.startsWith(verb)).map((line) => line.slice(verb.length));
    const [put, removed] = [ids('put '), new Set(ids('removed '))];
    const left = new Set((await next({ limit: 1e6 })).items.map(([id]) => id));
    expect(put.length).toBeGreaterThan(30);
    expect(put.filter((id) => !removed.has(id) && !left.has(id)).length).toBeLessThanOrEqual(4 * 5);
    console.info(`kill -9: 4 kills, ${put.length} items confirmed, ${removed.size} dealt with`);
  }, 60_000);
});
