import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  FilePreferences,
  type FilePreferencesOptions,
} from '../../../../src/bots/conversation/preferences/file-preferences.ts';

const log = pino({ level: 'silent' });

describe('FilePreferences', () => {
  let folder: string;
  let file: string;
  const open = (options: Partial<FilePreferencesOptions> = {}) =>
    FilePreferences.open({ file, log, ...options });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-'));
    file = join(folder, 'data', 'preferences.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('survives a restart, in a file that only its owner reads', async () => {
    const first = await open();
    first.setStyle('tg-1', 'anime');
    first.setStyle('__proto__', '3d');
    expect(first.firstTime('tg-1', 'no-face')).toBe(true);
    await first.flush();
    const second = await open();
    expect(second.style('tg-1')).toBe('anime');
    expect(second.style('tg-2')).toBeUndefined();
    expect(second.firstTime('tg-1', 'no-face')).toBe(false);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await readdir(join(folder, 'data'))).toEqual(['preferences.json']);
  });

  it('writes by itself a moment after a change, many changes at once', async () => {
    const preferences = await open({ delayMs: 50 });
    for (let index = 0; index < 100; index++) preferences.setStyle(`tg-${index}`, 'anime');
    await vi.waitFor(async () =>
      expect(JSON.parse(await readFile(file, 'utf8')).users['tg-99'].style).toBe('anime'),
    );
  });

  it('writes nothing without a change', async () => {
    const preferences = await open();
    await preferences.flush();
    expect(await readdir(join(folder, 'data'))).toEqual([]);
  });

  it('reads a file of version 0.1, which said lanes', async () => {
    await (await open()).flush();
    await writeFile(
      file,
      JSON.stringify({ version: 1, lanes: { 'tg-1': { style: 'anime', seen: ['no-face'] } } }),
    );
    const preferences = await open();
    expect(preferences.style('tg-1')).toBe('anime');
    expect(preferences.firstTime('tg-1', 'no-face')).toBe(false);
    preferences.setStyle('tg-2', '3d');
    await preferences.flush();
    expect(Object.keys(JSON.parse(await readFile(file, 'utf8')).users)).toEqual(['tg-1', 'tg-2']);
    expect(await readdir(join(folder, 'data'))).toEqual(['preferences.json']);
  });

  it('saves again after a write that failed', async () => {
    const preferences = await open();
    await rm(join(folder, 'data'), { recursive: true });
    preferences.setStyle('tg-1', 'anime');
    await expect(preferences.flush()).rejects.toThrow('ENOENT');
    await mkdir(join(folder, 'data'));
    preferences.setStyle('tg-2', 'anime');
    await preferences.flush();
    const second = await open();
    expect([second.style('tg-1'), second.style('tg-2')]).toEqual(['anime', 'anime']);
  });

  it('tries a failed write again by itself', async () => {
    const preferences = await open({ delayMs: 10, retryMs: 10 });
    await rm(join(folder, 'data'), { recursive: true });
    preferences.setStyle('tg-1', 'anime');
    await expect(preferences.flush()).rejects.toThrow('ENOENT');
    await mkdir(join(folder, 'data'));
    await vi.waitFor(async () => expect((await open()).style('tg-1')).toBe('anime'));
  });

  it('deletes a user at once', async () => {
    const preferences = await open();
    preferences.setStyle('tg-1', 'anime');
    preferences.firstTime('tg-1', 'no-face');
    preferences.setStyle('tg-2', 'anime');
    expect(await preferences.forget('tg-1')).toEqual({ style: true, strength: false, hints: 1 });
    expect(await readFile(file, 'utf8')).not.toContain('tg-1');
    const second = await open();
    expect([second.style('tg-1'), second.style('tg-2')]).toEqual([undefined, 'anime']);
    expect(await second.forget('tg-1')).toEqual({ style: false, strength: false, hints: 0 });
  });

  it('does not say that a user is deleted who is still in the file', async () => {
    const preferences = await open();
    preferences.setStyle('tg-1', 'anime');
    await preferences.flush();
    await rm(join(folder, 'data'), { recursive: true });
    await expect(preferences.forget('tg-1')).rejects.toThrow('ENOENT');
    await mkdir(join(folder, 'data'));
    await writeFile(file, JSON.stringify({ version: 1, users: { 'tg-1': { style: 'anime' } } }));
    await preferences.forget('tg-1');
    expect(await readFile(file, 'utf8')).not.toContain('tg-1');
  });

  it('forgets the users that changed nothing for longest', async () => {
    const preferences = await open({ maxUsers: 2 });
    preferences.setStyle('a', 'x');
    preferences.setStyle('b', 'x');
    preferences.firstTime('a', 'hint');
    preferences.setStyle('c', 'x');
    expect(['a', 'b', 'c'].map((user) => preferences.style(user))).toEqual(['x', undefined, 'x']);
  });

  it.each(['{"version":1,"users"', '[]', '{"version":2,"users":{}}', ''])(
    'starts without a broken file: %s',
    async (text) => {
      await (await open()).flush();
      await writeFile(file, text);
      const preferences = await open();
      expect(preferences.style('tg-1')).toBeUndefined();
      expect(await readFile(`${file}.broken`, 'utf8')).toBe(text);
      preferences.setStyle('tg-1', 'anime');
      await preferences.flush();
      expect((await open()).style('tg-1')).toBe('anime');
    },
  );
});
