import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cartoonizer } from '../../../src/inference/cartoonizer.ts';
import { readThumbnails } from '../../../src/inference/models/thumbnails.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { type ModelsFolder, modelsFolder } from '../../support/models-folder.ts';

let models: ModelsFolder;
let lines: string[];
const logger = createLogger({ level: 'info', readable: false, write: (line) => lines.push(line) });

beforeEach(async () => {
  lines = [];
  models = await modelsFolder({ '3d': true, anime: true, sketch: false });
});
afterEach(() => models.remove());

describe('readThumbnails', () => {
  it('gives the pictures of the styles that have one', async () => {
    const thumbnails = await readThumbnails(models.path, logger);
    expect([...thumbnails.keys()]).toEqual(['3d', 'anime']);
    for (const [id, { bytes, type, sha256 }] of thumbnails) {
      const onDisk = await readFile(join(models.path, 'thumbnails', `${id}.jpg`));
      expect(onDisk.equals(bytes)).toBe(true);
      expect([type, sha256]).toEqual(['image/jpeg', createHash('sha256').update(onDisk).digest('hex')]);
    }
    expect(lines).toEqual([]);
  });

  it('leaves out what is missing or was replaced, with a warning that names it', async () => {
    await rm(join(models.path, 'thumbnails/3d.jpg'));
    await writeFile(join(models.path, 'thumbnails/anime.jpg'), 'another');
    expect((await readThumbnails(models.path, logger)).size).toBe(0);
    expect(lines).toHaveLength(2);
    expect(lines.join('')).toMatch(/3d\.jpg cannot be read/);
    expect(lines.join('')).toMatch(/anime\.jpg is damaged or was replaced/);
  });
});

it('drawing works without the pictures', { timeout: 30_000 }, async () => {
  await rm(join(models.path, 'thumbnails'), { recursive: true });
  const cartoonizer = await Cartoonizer.create({ modelsDir: models.path });
  expect(cartoonizer.styles.map(({ id }) => id)).toEqual(['3d', 'anime', 'sketch']);
  await cartoonizer.close();
});
