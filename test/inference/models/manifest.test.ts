import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesOf, readManifest, readModelFile, readStyles } from '../../../src/inference/models/manifest.ts';
import { LOCALES } from '../../../src/texts/types.ts';
import { MODELS_DIR } from '../../support/models.ts';
import { modelsFolder } from '../../support/models-folder.ts';

let copy: string;

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'dctoon-models-'));
  await cp(MODELS_DIR, copy, { recursive: true });
});

afterEach(async () => await rm(copy, { recursive: true, force: true }));

async function edit(change: (manifest: Record<string, unknown>) => void): Promise<void> {
  const path = join(copy, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  change(manifest);
  await writeFile(path, JSON.stringify(manifest));
}

const first = (manifest: Record<string, unknown>) => (manifest['styles'] as [object])[0];
const thumbnail = {
  file: 'thumbnails/3d.webp',
  bytes: 1,
  sha256: '0'.repeat(64),
  origin: 'A test.',
  licence: 'Apache-2.0',
};

describe('the manifest of models/', () => {
  it('describes the files that are there', async () => {
    const files = filesOf(await readManifest(MODELS_DIR));
    expect(files.length).toBeGreaterThanOrEqual(4);
    const { styles } = await readManifest(MODELS_DIR);
    for (const { thumbnail } of styles)
      if (thumbnail) expect(await readModelFile(MODELS_DIR, thumbnail)).toHaveLength(thumbnail.bytes);
    for (const entry of files) expect((await readModelFile(MODELS_DIR, entry)).length).toBe(entry.bytes);
  });

  it('has every style in every language, and the convention that the pipeline uses', async () => {
    for (const style of (await readManifest(MODELS_DIR)).styles) {
      expect(Object.keys(style.titles).sort()).toEqual([...LOCALES].sort());
      expect(style.titles['en']).toBe(style.title);
      if (style.descriptions) {
        expect(Object.keys(style.descriptions).sort()).toEqual([...LOCALES].sort());
        expect(style.descriptions['en']).toBe(style.description);
      }
      const picture = { type: 'uint8', shape: [expect.anything(), 'H', 'W', 3] };
      expect(style.inputs).toEqual({ photo: picture });
      expect(style.outputs).toEqual({ cartoon: picture });
      const session = await InferenceSession.create(await readModelFile(MODELS_DIR, style));
      expect([session.inputNames, session.outputNames]).toEqual([['photo'], ['cartoon']]);
    }
  });
});

describe('readStyles', () => {
  it('gives what people read about every style', async () => {
    const models = await modelsFolder({ '3d': true, anime: false });
    const styles = await readStyles(models.path);
    await models.remove();
    expect(styles.map(({ id }) => id)).toEqual(['3d', 'anime']);
    expect(styles[1]).toMatchObject({ title: 'Anime (en)', description: 'About anime (en)' });
    expect(styles[1]?.titles['uk']).toBe('Anime (uk)');
    expect(styles[1]?.descriptions['uk']).toBe('About anime (uk)');
  });

  it('manages without translated descriptions and without thumbnails', async () => {
    await edit((manifest) => {
      const { descriptions: _, thumbnail: __, ...style } = first(manifest) as Record<string, unknown>;
      manifest['styles'] = [style];
    });
    expect((await readStyles(copy))[0]?.descriptions).toEqual({});
    expect((await readManifest(copy)).styles[0]?.thumbnail).toBeUndefined();
  });
});

describe('readManifest and readModelFile', () => {
  it('say in plain words what is wrong with a models folder', async () => {
    await expect(readManifest(join(copy, 'nowhere'))).rejects.toThrow(
      /manifest\.json cannot be read.*MODELS_DIR/,
    );
    await writeFile(join(copy, 'manifest.json'), '{');
    await expect(readManifest(copy)).rejects.toThrow(/not valid JSON/);
  });

  it.each<[string, RegExp, (manifest: Record<string, unknown>) => void]>([
    ['no styles', /styles/, (m) => Object.assign(m, { styles: [] })],
    [
      'a style twice',
      /style id twice/,
      (m) => Object.assign(m, { styles: [m['styles'], m['styles']].flat() }),
    ],
    [
      'a path for a file',
      /plain file name/,
      (m) => Object.assign(m['blendMask'] as object, { file: '../x' }),
    ],
    [
      'a thumbnail outside of its folder',
      /thumbnails\/ and a plain name/,
      (m) => Object.assign(first(m), { thumbnail: { ...thumbnail, file: 'thumbnails/../3d.jpg' } }),
    ],
    [
      'a thumbnail that is no picture',
      /plain name of a picture/,
      (m) => Object.assign(first(m), { thumbnail: { ...thumbnail, file: 'thumbnails/3d.svg' } }),
    ],
    [
      'a thumbnail without a hash',
      /sha256/,
      (m) => Object.assign(first(m), { thumbnail: { file: thumbnail.file } }),
    ],
    ['a short hash', /64 hexadecimal/, (m) => Object.assign(m['faceMesh'] as object, { sha256: 'abc' })],
    ['no mesh', /faceMesh/, (m) => delete m['faceMesh']],
  ])('refuse %s', async (_, message, change) => {
    await edit(change);
    await expect(readManifest(copy)).rejects.toThrow(message);
  });

  it('refuse a file that is not the one the manifest means', async () => {
    const { faceMesh } = await readManifest(copy);
    const path = join(copy, faceMesh.file);
    const data = await readFile(path);
    data[1000] = (data[1000] as number) ^ 1;
    await writeFile(path, data);
    await expect(readModelFile(copy, faceMesh)).rejects.toThrow(/face-mesh\.onnx is damaged or was replaced/);
    await rm(path);
    await expect(readModelFile(copy, faceMesh)).rejects.toThrow(/face-mesh\.onnx cannot be read/);
  });
});
