import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observability/logger.ts';
import type { Outcome } from '../../src/queue/types.ts';
import { DctoonError } from '../../src/shared/errors.ts';
import { ResultFiles } from '../../src/web/jobs/result-files.ts';
import { ResultStore } from '../../src/web/jobs/result-store.ts';
import { clientAddress, createLanes } from '../../src/web/middleware/client.ts';
import { ByteBudget, FixedWindow, Gate } from '../../src/web/middleware/limits.ts';

describe('clientAddress', () => {
  it.each([
    ['no header', undefined, 0, '9.9.9.9'],
    ['a header nobody vouches for', '1.1.1.1', 0, '9.9.9.9'],
    ['one proxy', '1.1.1.1', 1, '1.1.1.1'],
    ['one proxy and an invention of the client', '6.6.6.6, 1.1.1.1', 1, '1.1.1.1'],
    ['two proxies', '6.6.6.6, 1.1.1.1, 2.2.2.2', 2, '1.1.1.1'],
    ['more trust than proxies', '1.1.1.1', 5, '1.1.1.1'],
    ['an empty header', ' , ', 1, '9.9.9.9'],
  ])('with %s', (_, header, trusted, expected) => {
    expect(clientAddress('9.9.9.9', header, trusted)).toBe(expected);
  });

  it('has a word for in-process requests', () => {
    expect(clientAddress(undefined, undefined, 0)).toBe('unknown');
  });
});

describe('lanes', () => {
  const lanes = createLanes(new Uint8Array(16));

  it('are one per IPv4 address and one per IPv6 network', () => {
    expect(lanes('1.2.3.4')).not.toBe(lanes('1.2.3.5'));
    expect(lanes('::ffff:1.2.3.4')).toBe(lanes('1.2.3.4'));
    expect(lanes('2001:db8:1:2::1')).toBe(lanes('2001:0db8:0001:0002:ffff:ffff:ffff:ffff'));
    expect(lanes('2001:db8:1:2::1')).not.toBe(lanes('2001:db8:1:3::1'));
    expect(lanes('::1')).toBe(lanes('::2'));
    expect(lanes('fe80::1%eth0')).toBe(lanes('fe80::2'));
  });

  it('say nothing about the address, and fit the queue', () => {
    expect(lanes('1.2.3.4')).toMatch(/^web-[0-9a-f]{24}$/);
    expect(createLanes()('1.2.3.4')).not.toBe(createLanes()('1.2.3.4'));
  });
});

describe('FixedWindow', () => {
  it('counts per key and window, and says when the next begins', () => {
    let now = 1000;
    const window = new FixedWindow(2, 60_000, () => now);
    expect([window.hit('a'), window.hit('a'), window.hit('b')]).toEqual([0, 0, 0]);
    expect(window.hit('a')).toBe(59);
    now = 59_999;
    expect(window.hit('a')).toBe(1);
    now = 60_000;
    expect(window.hit('a')).toBe(0);
  });

  it('of 0 never limits', () => {
    const window = new FixedWindow(0, 1000);
    for (let n = 0; n < 100; n += 1) expect(window.hit('a')).toBe(0);
  });
});

describe('Gate', () => {
  it('has places in all and per key, and takes each back once', () => {
    const gate = new Gate(3, 2);
    const leave = gate.enter('a');
    expect(gate.enter('a')).toBeDefined();
    expect(gate.enter('a')).toBeUndefined();
    expect(gate.enter('b')).toBeDefined();
    expect(gate.enter('c')).toBeUndefined();
    leave?.();
    leave?.();
    expect(gate.enter('c')).toBeDefined();
    expect(gate.enter('d')).toBeUndefined();
  });
});

describe('ByteBudget', () => {
  it('is not overdrawn', () => {
    const budget = new ByteBudget(10);
    expect([budget.take(6), budget.take(5), budget.take(4)]).toEqual([true, false, true]);
    budget.give(6);
    expect(budget.take(6)).toBe(true);
  });
});

describe('ResultStore', () => {
  const outcome = (bytes: number): Outcome => ({
    ok: true,
    cartoon: {
      image: new Uint8Array(bytes),
      format: 'jpeg',
      width: 1,
      height: 1,
      faces: 0,
      timings: { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: 0 },
    },
  });
  const store = (options: Partial<ConstructorParameters<typeof ResultStore>[0]> = {}) =>
    new ResultStore({ maxCount: 3, maxBytes: 100, keepMs: 1000, now: () => now, ...options });
  let now = 0;

  it('forgets when the time is over', () => {
    now = 0;
    const results = store();
    results.put('a', outcome(1));
    expect(results.get('a')?.expiresAt).toBe(1000);
    now = 999;
    expect(results.get('a')).toBeDefined();
    now = 1000;
    expect(results.get('a')).toBeUndefined();
    results.put('b', outcome(1));
    now = 2000;
    results.sweep();
    expect(results.size).toEqual({ count: 0, bytes: 0 });
  });

  it('pushes out what was fetched first, then the oldest, never the newest', () => {
    const results = store();
    for (const id of ['a', 'b', 'c']) results.put(id, outcome(10));
    results.fetched('b');
    results.put('d', outcome(10));
    expect(['a', 'b', 'c', 'd'].map((id) => results.get(id) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    results.put('e', outcome(75));
    expect(['a', 'c', 'd', 'e'].map((id) => results.get(id) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    results.put('f', outcome(1000));
    expect(results.size).toEqual({ count: 1, bytes: 1000 });
  });

  it('counts an id that comes again once', () => {
    const results = store();
    results.put('a', outcome(10));
    results.put('a', outcome(20));
    expect(results.size).toEqual({ count: 1, bytes: 20 });
    expect(results.delete('a')).toBe(true);
    expect(results.delete('a')).toBe(false);
    expect(results.size).toEqual({ count: 0, bytes: 0 });
  });

  it('that may keep nothing keeps until fetched, a minute at most', () => {
    now = 0;
    const results = store({ keepMs: 0 });
    results.put('a', outcome(1));
    results.put('b', outcome(1));
    results.fetched('a');
    expect(results.get('a')).toBeUndefined();
    now = 59_999;
    expect(results.get('b')).toBeDefined();
    now = 60_000;
    expect(results.get('b')).toBeUndefined();
  });
});

describe('ResultFiles', () => {
  const image = new Uint8Array([1, 10, 2]);
  const drawn: Outcome = {
    ok: true,
    cartoon: {
      image,
      format: 'png',
      width: 3,
      height: 2,
      faces: 1,
      timings: { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: 0 },
    },
  };
  const failed: Outcome = { ok: false, error: new DctoonError('broken_image', 'm') };
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => `web-${letter.repeat(36)}`) as [string, string, string];
  let folder: string;
  const open = () => ResultFiles.open(folder, createLogger({ level: 'silent' }));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-results-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('come back to the next process, cartoons and failures alike, until their time is over', async () => {
    const files = await open();
    await files.save(b, { outcome: failed, expiresAt: 3000 });
    await files.save(a, { outcome: drawn, expiresAt: 2000 });
    await files.save(c, { outcome: drawn, expiresAt: 1000 });
    const left = await (await open()).load(1500);
    expect(left.map(([id]) => id)).toEqual([a, b]);
    expect(left[0]?.[1].outcome).toMatchObject({ ok: true, cartoon: { format: 'png', width: 3 } });
    const { outcome } = left[0]?.[1] ?? {};
    expect(outcome?.ok && new Uint8Array(outcome.cartoon.image)).toEqual(image);
    expect(left[1]?.[1].outcome).toMatchObject({ ok: false, error: { code: 'broken_image' } });
    await expect.poll(() => readdir(folder)).not.toContain(c);
  });

  it('are readable by their owner alone, and go when they are removed', async () => {
    const files = await open();
    await files.save(a, { outcome: drawn, expiresAt: 1 });
    expect((await stat(join(folder, a))).mode & 0o077).toBe(0);
    files.remove(a);
    await expect.poll(() => readdir(folder)).toEqual(['tmp']);
  });

  it('that are damaged are deleted; other files are none of ours', async () => {
    await writeFile(join(folder, a), '{"expiresAt":');
    await writeFile(join(folder, 'web-x'), 'whatever');
    expect(await (await open()).load(0)).toEqual([]);
    await expect.poll(() => readdir(folder)).toEqual(['tmp', 'web-x']);
  });
});
