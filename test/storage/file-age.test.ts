import { mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileAge, isOlder } from '../../src/storage/file-age.ts';

const DAY_MS = 24 * 3600_000;
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-age-'));
  path = join(folder, 'file');
  await writeFile(path, 'abc');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('a file is as old as its last change', async () => {
  const now = Date.now();
  await utimes(path, (now - DAY_MS) / 1000, (now - DAY_MS) / 1000);
  expect(await isOlder(path, DAY_MS - 1000, now)).toBe(true);
  expect(await isOlder(path, DAY_MS + 1000, now)).toBe(false);
  expect((await fileAge(path, now))?.bytes).toBe(3);
});

it('a file of the future ages from when it is seen', async () => {
  const now = Date.now() - 365 * DAY_MS;
  expect(await isOlder(path, DAY_MS, now)).toBe(false);
  expect(Math.abs((await stat(path)).mtimeMs - now)).toBeLessThan(10);
  expect(await isOlder(path, DAY_MS, now + DAY_MS + 1000)).toBe(true);
});

it('a file that is gone has no age', async () => {
  expect(await fileAge(join(folder, 'none'), Date.now())).toBeUndefined();
  expect(await isOlder(join(folder, 'none'), 0)).toBe(false);
});
