import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Outcome } from '../../../src/queue/types.ts';
import { DctoonError } from '../../../src/shared/errors.ts';
import { ResultFiles } from '../../../src/web/jobs/result-files.ts';

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
    await files.save(b, { outcome: failed, expiresAt: 3000, user: 'web-a' });
    await files.save(a, { outcome: drawn, expiresAt: 2000, user: 'web-a' });
    await files.save(c, { outcome: drawn, expiresAt: 1000, user: 'web-a' });
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
    await files.save(a, { outcome: drawn, expiresAt: 1, user: 'web-a' });
    expect((await stat(join(folder, a))).mode & 0o077).toBe(0);
    files.remove(a);
    await expect.poll(() => readdir(folder)).toEqual(['tmp']);
  });

  it('are written nowhere else, whatever id a job has', async () => {
    const files = await open();
    for (const id of ['../poc', '../../poc', 'web-x', `${a}/../../poc`]) {
      await files.save(id, { outcome: drawn, expiresAt: 1, user: 'web-a' });
      files.remove(id);
    }
    expect(await readdir(folder)).toEqual(['tmp']);
    expect(await readdir(join(folder, '..'))).not.toContain('poc');
  });

  it('that are damaged are deleted; other files are none of ours', async () => {
    await writeFile(join(folder, a), '{"expiresAt":');
    await writeFile(join(folder, 'web-x'), 'whatever');
    expect(await (await open()).load(0)).toEqual([]);
    await expect.poll(() => readdir(folder)).toEqual(['tmp', 'web-x']);
  });
});
