import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sweepSwitchedOff } from '../../src/app/switched-off.ts';
import { acquireProcessLock } from '../../src/storage/process-lock.ts';

const DAY_MS = 24 * 3600_000;
const log = pino({ level: 'silent' });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-off-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, ageMs: number): Promise<void> {
  const full = join(folder, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, 'x');
  const then = new Date(Date.now() - ageMs);
  await utimes(full, then, then);
}

async function left(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

const off = () => ({
  DATA_DIR: folder,
  KEEP_MINUTES: 15,
  TELEGRAM_TOKEN: undefined,
  DISCORD_TOKEN: undefined,
  DISCORD_PUBLIC_KEY: undefined,
});

async function sweep(settings = {}): Promise<void> {
  (await sweepSwitchedOff({ ...off(), ...settings }, log))();
}

describe('a platform that is switched off', () => {
  it('leaves photos for KEEP_MINUTES and everything else for a day', async () => {
    await write('discord/originals/new.jpg', 60_000);
    await write('discord/originals/old.jpg', 16 * 60_000);
    await write('discord/replies/new.json', DAY_MS - 60_000);
    await write('discord/replies/old.json', DAY_MS + 60_000);
    await write('discord/inbox/0.jsonl', DAY_MS + 60_000);
    await write('telegram/inbox/1.jsonl', DAY_MS + 60_000);
    await write('telegram/inbox/2.jsonl', DAY_MS - 60_000);
    await write('telegram/results.jsonl', DAY_MS + 60_000);
    await sweep();
    expect(await left()).toEqual(['2.jsonl', 'new.jpg', 'new.json', 'results.jsonl']);
  });

  it('is not touched while it is on, here or in another process', async () => {
    await write('discord/originals/a.jpg', DAY_MS + 60_000);
    await write('telegram/inbox/0.jsonl', DAY_MS + 60_000);
    await sweep({ TELEGRAM_TOKEN: '1:a', DISCORD_PUBLIC_KEY: 'k' });
    expect(await left()).toEqual(['0.jsonl', 'a.jpg']);
    const unlock = await acquireProcessLock(join(folder, 'telegram/inbox/0.jsonl.lock'));
    await sweep();
    expect(await left()).toContain('0.jsonl');
    await unlock();
    await sweep();
    expect(await left()).toEqual([]);
  });

  it('need never have been on', async () => {
    await sweep();
    expect(await left()).toEqual([]);
  });
});
