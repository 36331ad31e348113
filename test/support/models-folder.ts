/** A models folder of a test's own, with as many styles as it likes: all of them are the network `3d` under other names. */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { LOCALES } from '../../src/texts/index.ts';

const MODELS_DIR = fileURLToPath(new URL('../../models/', import.meta.url));

export interface ModelsFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Every style's titles and descriptions name the style and the language, e.g. `Anime (de)` and `About anime (de)`.
 * @param styles ids, and whether the style has a thumbnail: a square of one colour, JPEG
 */
export async function modelsFolder(styles: Readonly<Record<string, boolean>>): Promise<ModelsFolder> {
  const path = await mkdtemp(join(tmpdir(), 'dctoon-models-'));
  await cp(MODELS_DIR, path, { recursive: true });
  await rm(join(path, 'thumbnails'), { recursive: true, force: true });
  await mkdir(join(path, 'thumbnails'));
  const file = join(path, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { styles: { thumbnail?: unknown }[] };
  const { thumbnail: _, ...network } = manifest.styles[0] ?? {};
  manifest.styles = await Promise.all(
    Object.entries(styles).map(async ([id, hasThumbnail]) => {
      const titles = perLanguage(`${id.charAt(0).toUpperCase()}${id.slice(1)}`);
      const descriptions = perLanguage(`About ${id}`);
      return {
        ...network,
        id,
        titles,
        title: titles['en'],
        descriptions,
        description: descriptions['en'],
        ...(hasThumbnail ? { thumbnail: await thumbnail(path, id) } : {}),
      };
    }),
  );
  await writeFile(file, JSON.stringify(manifest));
  return { path, remove: async () => await rm(path, { recursive: true, force: true }) };
}

function perLanguage(text: string): Record<string, string> {
  return Object.fromEntries(LOCALES.map((locale) => [locale, `${text} (${locale})`]));
}

async function thumbnail(folder: string, id: string): Promise<object> {
  const [r = 0, g = 0, b = 0] = createHash('sha256').update(id).digest();
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: { r, g, b } } })
    .jpeg()
    .toBuffer();
  const file = `thumbnails/${id}.jpg`;
  await writeFile(join(folder, file), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, sha256, bytes: bytes.length, origin: 'Made by a test.', licence: 'Apache-2.0' };
}
