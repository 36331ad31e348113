/** The profile `small`: the same promises, kept by a thread in place of a process. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cartoonizer } from '../../../src/inference/cartoonizer.ts';
import { MODELS_DIR } from '../../support/models.ts';
import { astronaut, row } from '../../support/photos.ts';

const OPTIONS = { modelsDir: MODELS_DIR, profile: 'small' } as const;

describe('a worker in a thread', () => {
  let cartoonizer: Cartoonizer;
  beforeEach(async () => {
    cartoonizer = await Cartoonizer.create(OPTIONS);
  });
  afterEach(async () => await cartoonizer.close());

  it('draws, in this process', async () => {
    const cartoon = await cartoonizer.cartoonize(await astronaut(), { style: 'anime' });
    expect(cartoon).toMatchObject({ width: 512, height: 512, faces: 1 });
    expect(cartoonizer.stats()).toMatchObject({ restarts: 0, children: [{ pid: process.pid, rss: 0 }] });
  });

  it('passes errors on, with their codes', async () => {
    const text = new TextEncoder().encode('not a photo, whatever its name says');
    await expect(cartoonizer.cartoonize(text, { style: '3d' })).rejects.toMatchObject({
      code: 'unsupported_format',
    });
  });

  it('stops at the next checkpoint when it is cancelled, and goes on with the next photo', async () => {
    const abort = new AbortController();
    const photo = await row(4);
    const stopped = cartoonizer.cartoonize(photo, {
      style: '3d',
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect((await cartoonizer.cartoonize(photo, { style: '3d' })).faces).toBe(4);
    expect(cartoonizer.stats().restarts).toBe(0);
  });

  it('lets the running photo finish when it closes, and refuses the rest', async () => {
    const photo = await astronaut();
    const outcomes = Promise.allSettled([
      cartoonizer.cartoonize(photo, { style: '3d' }),
      cartoonizer.cartoonize(photo, { style: '3d' }),
    ]);
    await cartoonizer.close();
    expect(await outcomes).toMatchObject([
      { status: 'fulfilled', value: { faces: 1 } },
      { status: 'rejected', reason: { code: 'shutting_down' } },
    ]);
  });
});

it('is ended at the deadline, twice, then the photo fails with `timeout`', async () => {
  const hurried = await Cartoonizer.create({ ...OPTIONS, timeoutMs: 5 });
  try {
    const late = hurried.cartoonize(await row(4), { style: '3d' });
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    expect(hurried.stats().restarts).toBe(2);
  } finally {
    await hurried.close();
  }
});

it('leaves nothing that keeps the program alive or makes it crash when it ends', async () => {
  const script = `
    import { readFile } from 'node:fs/promises';
    import { Cartoonizer } from ${JSON.stringify(new URL('../../../src/inference/cartoonizer.ts', import.meta.url).href)};
    const cartoonizer = await Cartoonizer.create(${JSON.stringify(OPTIONS)});
    const { faces } = await cartoonizer.cartoonize(await readFile(process.argv[2]), { style: '3d' });
    await cartoonizer.close();
    console.log(faces, 'faces');
  `;
  const folder = await mkdtemp(join(tmpdir(), 'dctoon-thread-'));
  try {
    await writeFile(join(folder, 'program.mts'), script);
    await writeFile(join(folder, 'me.png'), await astronaut());
    const args = ['--import', 'tsx', join(folder, 'program.mts'), join(folder, 'me.png')];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    expect(stdout).toBe('1 faces\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});
