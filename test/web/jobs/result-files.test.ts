import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/observability/logger.ts';
import type { Outcome } from '../../../src/queue/types.ts';
import { DctoonError } from '../../../src/shared/errors.ts';
import type { Picture } from '../../../src/web/jobs/picture.ts';
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
  const bytesOf = async (picture: Picture) => {
    const opened = await picture.open();
    const bytes = await opened.read(0, 100);
    await opened.close();
    return bytes;
  };
  let folder: string;
  const open = () => ResultFiles.open(folder, createLogger({ level: 'silent' }));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-results-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('come back to the next process, cartoons and failures alike, until their time is over', async () => {
    const files = await open();
    await files.save(b, failed, 3000, 'web-a');
    await files.save(a, drawn, 2000, 'web-a');
    await files.save(c, drawn, 1000, 'web-a');
    const left = await (await open()).load(1500);
    expect(left.map(([id]) => id)).toEqual([a, b]);
    expect(left[0]?.[1].outcome).toMatchObject({ ok: true, cartoon: { format: 'png', width: 3 } });
    const { outcome } = left[0]?.[1] ?? {};
    expect(outcome?.ok && (await bytesOf(outcome.picture))).toEqual(image);
    expect(left[1]?.[1].outcome).toMatchObject({ ok: false, error: { code: 'broken_image' } });
    await expect.poll(() => readdir(folder)).not.toContain(c);
  });

  it('are read slice by slice, also while they are deleted', async () => {
    const files = await open();
    const { outcome } = await files.save(a, drawn, 1, 'web-a');
    if (!outcome.ok) throw new Error('a failure');
    const opened = await outcome.picture.open();
    files.remove(a);
    await expect.poll(() => readdir(folder)).toEqual(['tmp']);
    expect([[...(await opened.read(0, 2))], [...(await opened.read(2, 2))]]).toEqual([[1, 10], [2]]);
    await opened.close();
    await expect(outcome.picture.open()).rejects.toThrow('ENOENT');
  });

  it('that cannot be written down stay in memory', async () => {
    const files = await open();
    await rm(folder, { recursive: true });
    const { outcome } = await files.save(a, drawn, 1, 'web-a');
    expect(outcome.ok && (await bytesOf(outcome.picture))).toEqual(image);
  });

  it('are readable by their owner alone, and go when they are removed', async () => {
    const files = await open();
    await files.save(a, drawn, 1, 'web-a');
    expect((await stat(join(folder, a))).mode & 0o077).toBe(0);
    files.remove(a);
    await expect.poll(() => readdir(folder)).toEqual(['tmp']);
  });

  it('are written nowhere else, whatever id a job has', async () => {
    const files = await open();
    for (const id of ['../poc', '../../poc', 'web-x', `${a}/../../poc`]) {
      await files.save(id, drawn, 1, 'web-a');
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
