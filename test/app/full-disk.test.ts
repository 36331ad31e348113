/** File systems that are full or read-only; a mount of one's own needs rights that not every machine gives. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReadiness, storageCheck } from '../../src/app/readiness.ts';
import { openSpool } from '../../src/queue/memory/spool.ts';

const log = pino({ level: 'silent' });
const mount = (...args: string[]) => spawnSync('mount', args).status === 0;
const probe = join(tmpdir(), `dctoon-mount-${process.pid}`);
const canMount = await mkdir(probe).then(async () => {
  const works = mount('-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', probe);
  if (works) spawnSync('umount', [probe]);
  await rm(probe, { recursive: true });
  return works;
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-disk-'));
});
afterEach(async () => {
  spawnSync('umount', [folder]);
  await rm(folder, { recursive: true, force: true });
});

describe.runIf(canMount)('DATA_DIR', () => {
  it('on a full disk is named when the service starts', async () => {
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder);
    await writeFile(join(folder, 'filler'), Buffer.alloc(65_536)).catch(() => {});
    const error = await openSpool({ folder: join(folder, 'spool'), log }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'storage_full' });
    expect(String(error)).toContain(`the disk is full: ${folder}`);
  });

  it('that turned read-only is not ready, and is again when it can be written', async () => {
    mount('-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder);
    const spool = await openSpool({ folder: join(folder, 'spool'), log });
    const reasons = createReadiness([storageCheck(folder, spool)]);
    expect(await reasons()).toEqual([]);
    mount('-o', 'remount,ro', folder);
    await vi.waitFor(
      async () => expect((await reasons())[0]).toContain('DATA_DIR cannot be written: EROFS'),
      {
        timeout: 10_000,
        interval: 50,
      },
    );
    mount('-o', 'remount,rw', folder);
    await vi.waitFor(async () => expect(await reasons()).toEqual([]), { timeout: 10_000, interval: 50 });
    await spool.close();
  });
});

describe('a DATA_DIR', () => {
  it('that is gone is not ready', async () => {
    const spool = await openSpool({ folder: join(folder, 'spool'), log });
    await rm(join(folder, 'spool', 'tmp'), { recursive: true });
    const reasons = await createReadiness([storageCheck(folder, spool)])();
    expect(reasons[0]).toContain('DATA_DIR cannot be written: ENOENT');
    await spool.close();
  });
});
