import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { openSpool, type Spool, type SpoolOptions } from '../../../src/queue/memory/spool.ts';
import type { Job } from '../../../src/queue/types.ts';
import { cartoonKey, photoKey } from '../../../src/storage/blobs/types.ts';
import { describeQueue } from '../contract.ts';
import { cartoonOf, newJob } from '../jobs.ts';

const log = pino({ level: 'silent' });
const PATIENCE = { timeout: 10_000, interval: 10 };

const folders: string[] = [];
const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dctoon-spool-'));
  folders.push(folder);
  return folder;
};
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describeQueue('with a spool', async (options) => {
  const spool = await openSpool({ folder: await newFolder(), log });
  return createMemoryQueue({ ...options, blobs: spool, journal: spool, log });
});

describe('Spool', () => {
  let folder: string;
  let spool: Spool;
  const photo = new Uint8Array([1, 2, 3]);
  const job = (id: string, fields: Partial<Job> = {}): Job => ({
    ...newJob(id),
    createdAt: 1,
    attempt: 1,
    ...fields,
  });
  const { image: _, ...cartoon } = cartoonOf(photo);
  const open = async (options: Partial<SpoolOptions> = {}) => {
    await spool?.close();
    spool = await openSpool({ folder, log, ...options });
    return spool;
  };
  const files = async (name: string) => (await readdir(join(folder, name))).sort();

  beforeEach(async () => {
    folder = await newFolder();
  });
  afterEach(() => spool.close());

  it('is readable by its owner alone', async () => {
    await open();
    await spool.put(photoKey('a0'), photo);
    await spool.record({ job: job('a0'), state: 'queued' });
    for (const path of ['', 'blobs', 'queued', 'blobs/a0.photo', 'queued/a0.json', 'lock', 'finished.log']) {
      expect([path, (await stat(join(folder, path))).mode & 0o077]).toEqual([path, 0]);
    }
  });

  it('moves an entry through its folders, and recovers it in its state', async () => {
    await open();
    const entry = { job: job('a0', { reply: { chat: 5 } }) };
    await spool.record({ ...entry, state: 'queued' });
    expect(await files('queued')).toEqual(['a0.json']);
    await spool.record({ ...entry, state: 'processing' });
    expect([await files('queued'), await files('processing')]).toEqual([[], ['a0.json']]);
    await open();
    expect(await spool.recover()).toEqual({ entries: [{ ...entry, state: 'processing' }], finished: [] });
    const rendered = { ...entry, state: 'delivering', outcome: { ok: true, cartoon } } as const;
    await spool.record(rendered);
    expect([await files('processing'), await files('delivering')]).toEqual([[], ['a0.json']]);
    await open();
    expect((await spool.recover()).entries).toEqual([rendered]);
    await spool.finish(rendered, 'done');
    expect(await files('delivering')).toEqual([]);
    await open();
    expect(await spool.recover()).toEqual({ entries: [], finished: ['a0'] });
    expect(await files('bad')).toEqual([]);
  });

  it('recovers in order of acceptance', async () => {
    await open();
    for (const [index, id] of ['c0', 'a0', 'b0'].entries()) {
      await spool.record({
        job: job(id, { createdAt: index }),
        state: index === 1 ? 'processing' : 'queued',
      });
    }
    await open();
    expect((await spool.recover()).entries.map((entry) => entry.job.id)).toEqual(['c0', 'a0', 'b0']);
  });

  it('believes the later of two entries, as a crash between two steps leaves them', async () => {
    await open();
    await spool.record({ job: job('a0'), state: 'queued' });
    await writeFile(
      join(folder, 'processing', 'a0.json'),
      JSON.stringify({ job: job('a0', { attempt: 2 }) }),
    );
    await open();
    expect((await spool.recover()).entries).toMatchObject([{ state: 'processing', job: { attempt: 2 } }]);
    expect(await files('queued')).toEqual([]);
  });

  it('does not believe half a line, half a draft, or half an entry', async () => {
    await open();
    await spool.record({ job: job('a1'), state: 'queued' });
    await appendFile(join(folder, 'finished.log'), 'x1\na1');
    await writeFile(join(folder, 'tmp', 'draft'), 'half');
    await writeFile(join(folder, 'queued', 'b0.json'), '{"job":');
    await open();
    const { entries, finished } = await spool.recover();
    expect([entries.map((entry) => entry.job.id), finished]).toEqual([['a1'], ['x1']]);
    expect([await files('tmp'), await files('bad')]).toEqual([[], ['b0.json']]);
    // The next id starts on a line of its own.
    await spool.finish({ job: job('a1'), state: 'processing' }, 'done');
    expect(await readFile(join(folder, 'finished.log'), 'utf8')).toBe('x1\na1\n');
  });

  it('believes no entry whose id is a path, or not that of its file', async () => {
    await open();
    await spool.record({ job: job('a1'), state: 'queued' });
    const entry = (id: string) => JSON.stringify({ job: { ...job('a0'), id } });
    await writeFile(join(folder, 'queued', 'x.json'), entry('../../poc'));
    await writeFile(join(folder, 'delivering', 'y.json'), entry('z0'));
    await open();
    expect((await spool.recover()).entries.map((recovered) => recovered.job.id)).toEqual(['a1']);
    expect(await files('bad')).toEqual(['x.json', 'y.json']);
  });

  it('is not kept from starting by what is none of its own, and names it in the log', async () => {
    await open();
    for (const round of [1, 2]) {
      for (const name of ['queued', 'delivering', 'blobs', 'tmp', 'bad']) {
        await mkdir(join(folder, name, 'stray', 'deep'), { recursive: true });
        await writeFile(join(folder, name, 'notes.txt'), `note ${round}`);
      }
      const lines: { path?: string; level: number }[] = [];
      await open({ log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }) });
      expect((await spool.recover()).entries).toEqual([]);
      const errors = lines.filter(({ level }) => level >= 50).map(({ path }) => path);
      for (const path of ['queued/stray', 'queued/notes.txt', 'delivering/stray', 'delivering/notes.txt']) {
        expect(errors).toContain(join(folder, path));
      }
      expect(await files('queued')).toEqual([]);
    }
  });

  it('removes what was finished in the moment of the crash', async () => {
    await open();
    await spool.put(photoKey('a0'), photo);
    await spool.record({ job: job('a0'), state: 'processing' });
    await appendFile(join(folder, 'finished.log'), 'a0\n');
    await open();
    expect((await spool.recover()).entries).toEqual([]);
    expect([await files('processing'), await files('blobs')]).toEqual([[], []]);
  });

  it('puts failures of ours and given-up answers aside, without the reply target', async () => {
    await open();
    const failed = (id: string, code: 'crashed' | 'broken_image') =>
      ({
        job: job(id, { reply: { token: 'secret' } }),
        state: 'delivering',
        outcome: { ok: false, code, message: 'm', details: {} },
      }) as const;
    await spool.finish(failed('a0', 'crashed'), 'done');
    await spool.finish(failed('b0', 'broken_image'), 'done');
    await spool.finish(failed('c0', 'broken_image'), 'failed');
    expect(await files('bad')).toEqual(['a0.json', 'c0.json']);
    expect(await readFile(join(folder, 'bad', 'a0.json'), 'utf8')).not.toContain('secret');
    const old = new Date(Date.now() - 8 * 24 * 3600_000);
    await utimes(join(folder, 'bad', 'a0.json'), old, old);
    await spool.sweep();
    expect(await files('bad')).toEqual(['c0.json']);
  });

  describe('as a blob store', () => {
    it('keeps bytes over a restart as long as their job lives', async () => {
      await open();
      await spool.put(photoKey('a0'), photo);
      await spool.put(photoKey('b0'), photo);
      await spool.record({ job: job('a0'), state: 'queued' });
      await open();
      expect(new Uint8Array((await spool.get(photoKey('a0'))) ?? [])).toEqual(photo);
      expect(await spool.get(photoKey('b0'))).toBeUndefined();
      expect(spool.bytes).toBe(3);
      await spool.delete(photoKey('a0'));
      expect(spool.bytes).toBe(0);
    });

    it('refuses when full, also in a burst', async () => {
      await open({ maxBytes: 10 });
      await spool.put('a.photo', new Uint8Array(4));
      await spool.put('b.photo', new Uint8Array(4));
      await spool.delete('a.photo');
      await spool.put('c.photo', new Uint8Array(5));
      expect(await files('blobs')).toEqual(['b.photo', 'c.photo']);
      const burst = await Promise.allSettled(
        ['d', 'e', 'f'].map((key) => spool.put(`${key}.photo`, new Uint8Array(1))),
      );
      expect(burst.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(burst.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'storage_full' },
      });
      expect(spool.bytes).toBe(10);
    });

    it.each(['../a.photo', 'a/b.photo', 'a', '.photo', 'a.photo\0', ''])(
      'takes no key that is a path: %j',
      async (key) => {
        await open();
        await expect(spool.put(key, photo)).rejects.toMatchObject({ code: 'internal' });
        await expect(spool.get(key)).rejects.toMatchObject({ code: 'internal' });
      },
    );
  });

  describe('belongs to one process', () => {
    it('refuses a second one and says who is there', async () => {
      await open();
      const message = `process ${process.pid} on ${hostname()}`;
      await expect(openSpool({ folder, log })).rejects.toThrow(message);
      await spool.close();
      await open();
    });

    const here = {
      host: hostname(),
      kernel: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      pids: readlinkSync('/proc/self/ns/pid'),
      key: 'k',
    };
    it.each([
      ['a dead process', { ...here, pid: 2 ** 22 + 1 }],
      ['an earlier process with the same id', { ...here, pid: process.pid, started: '1' }],
      ['half a file', undefined],
    ])('takes over the lock of %s', async (_name, owner) => {
      await writeFile(join(folder, 'lock'), owner ? JSON.stringify(owner) : '{"host":');
      await open();
      await expect(openSpool({ folder, log })).rejects.toThrow('in use');
    });

    it('waits for the last sign of life of another host', async () => {
      const path = join(folder, 'lock');
      await writeFile(path, JSON.stringify({ host: 'another-host', pid: 1, key: 'k' }));
      await expect(openSpool({ folder, log })).rejects.toThrow('process 1 on another-host');
      const past = new Date(Date.now() - 61_000);
      await utimes(path, past, past);
      await open();
    });
  });

  it('survives kill -9: every accepted photo is answered with its own cartoon, and the spool is empty in the end', async () => {
    const script = fileURLToPath(new URL('./spool-process.ts', import.meta.url));
    const accepted: string[] = [];
    const start = (run: string): ChildProcess => {
      const child = spawn(process.execPath, ['--import', 'tsx', script, folder, run], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let rest = '';
      child.stdout?.on('data', (chunk) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.startsWith('accepted ')) accepted.push(line.slice(9));
      });
      return child;
    };
    const KILLS = 8;
    for (let run = 0; run < KILLS; run++) {
      const child = start(String(run));
      const before = accepted.length;
      await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(before), {
        timeout: 30_000,
        interval: 10,
      });
      await sleep(50 + Math.random() * 300);
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    const last = start('end');
    expect(await new Promise((resolve) => last.once('close', resolve))).toBe(0);

    const answers = (await readFile(join(folder, 'answers.log'), 'utf8')).trimEnd().split('\n');
    const byId = new Map(answers.map((line) => line.split(' ') as [string, string]));
    const lost = accepted.filter((id) => !byId.has(id));
    expect(lost).toEqual([]);
    for (const [id, hash] of byId) {
      expect([id, hash]).toEqual([id, createHash('sha256').update(Buffer.alloc(100_000, id)).digest('hex')]);
    }
    // Only an answer under way in the moment of a kill may come twice; here at most a few are.
    const twice = answers.length - byId.size;
    expect(accepted.length).toBeGreaterThan(KILLS * 3);
    expect(twice).toBeLessThanOrEqual(KILLS * 10);
    console.info(
      `kill -9: ${KILLS} kills, ${accepted.length} accepted, ${lost.length} lost, ${twice} answered twice`,
    );
    folder = join(folder, 'spool');
    for (const name of ['queued', 'processing', 'delivering', 'bad', 'blobs', 'tmp'])
      expect([name, await files(name)]).toEqual([name, []]);
  }, 180_000);

  it('lets a queue answer after a restart with the cartoon it had drawn', async () => {
    await open();
    await spool.put(photoKey('a0'), photo);
    await spool.put(cartoonKey('a0'), new Uint8Array([9, 9]));
    await spool.record({ job: job('a0'), state: 'delivering', outcome: { ok: true, cartoon } });
    await open();
    const queue = await createMemoryQueue({
      concurrency: 1,
      limit: 9,
      limitPerUser: 9,
      blobs: spool,
      journal: spool,
      log,
    });
    const answers: number[][] = [];
    queue.onOutcome(
      'telegram',
      async (_job, outcome) => void answers.push(outcome.ok ? [...outcome.cartoon.image] : []),
    );
    queue.process(() => Promise.reject(new Error('is not to be drawn again')));
    await vi.waitFor(() => expect(answers).toEqual([[9, 9]]), PATIENCE);
    await vi.waitFor(async () => expect(await files('blobs')).toEqual([]), PATIENCE);
    await queue.close();
  });
});
