/**
 * `models/manifest.json`: what the networks are, where they come from, and the SHA-256 that each file must have.
 * Written by `python -m dctoon_training manifest`, read here; nothing about a style is hard-coded.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DctoonError } from '../../shared/errors.ts';
import type { Style } from '../types.ts';

export const MANIFEST_FILE = 'manifest.json';

const file = z.object({
  /** Name inside the models folder; never a path. */
  file: z.string().regex(/^[\w.-]+$/, 'must be a plain file name'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits, lower case'),
  bytes: z.int().positive(),
  /** Where the file comes from, in words. */
  origin: z.string().min(1),
  /** SPDX identifier. */
  licence: z.string().min(1),
});

/** A tensor: element type and shape; a string is a size that varies. */
const tensor = z.object({ type: z.string(), shape: z.array(z.union([z.int(), z.string()])) });

const network = file.extend({
  parameters: z.int().positive(),
  opset: z.int().positive(),
  inputs: z.record(z.string(), tensor),
  outputs: z.record(z.string(), tensor),
});

/** A small picture of what a style looks like, for menus. The service works without it. */
const thumbnail = file.extend({
  file: z
    .string()
    .regex(/^thumbnails\/[\w-][\w.-]*\.(jpg|png|webp)$/, 'must be thumbnails/ and a plain name of a picture'),
});

const style = network.extend({
  id: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be lower case letters, digits and hyphens'),
  title: z.string().min(1),
  /** Title per language of `src/texts`. */
  titles: z.record(z.string(), z.string().min(1)),
  description: z.string().min(1),
  /** Description per language of `src/texts`. */
  descriptions: z.record(z.string(), z.string().min(1)).optional(),
  thumbnail: thumbnail.optional(),
  /**
   * Draws whole pictures, where that is another network than the one for heads: colour and texture at a quarter of the
   * cost. Without it the style's own network draws both.
   */
  scene: network.optional(),
  /** The style knows no colours; what a network leaves of the photo's is taken out. */
  monochrome: z.boolean().default(false),
  /** Figures of `python -m dctoon_training evaluate`, by name. */
  quality: z.record(z.string(), z.union([z.number(), z.string()])),
});

const manifestSchema = z.object({
  styles: z
    .array(style)
    .nonempty()
    .refine((styles) => new Set(styles.map(({ id }) => id)).size === styles.length, 'has a style id twice'),
  faceDetector: network,
  faceMesh: network,
  personMask: network,
  blendMask: file,
});

export type Manifest = Readonly<z.infer<typeof manifestSchema>>;
export type ModelFile = Readonly<z.infer<typeof file>>;
export type StyleModel = Manifest['styles'][number];

/**
 * Reads the manifest of a models folder.
 * @throws DctoonError `internal`; its message says in plain words what is wrong with the folder
 */
export async function readManifest(modelsDir: string): Promise<Manifest> {
  const path = join(modelsDir, MANIFEST_FILE);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new DctoonError('internal', `${path} cannot be read. Is MODELS_DIR the folder with the networks?`, {
      cause,
    });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DctoonError('internal', `${path} is not valid JSON.`, { cause });
  }
  const result = manifestSchema.safeParse(json);
  if (result.success) return result.data;
  throw new DctoonError('internal', `${path} is not a valid manifest:\n${z.prettifyError(result.error)}`);
}

/**
 * The styles of a models folder as users see them.
 * @throws DctoonError `internal` as `readManifest`
 */
export async function readStyles(modelsDir: string): Promise<readonly Style[]> {
  return stylesOf(await readManifest(modelsDir));
}

export function stylesOf(manifest: Manifest): readonly Style[] {
  return manifest.styles.map(({ id, title, titles, description, descriptions = {} }) => {
    return { id, title, titles, description, descriptions };
  });
}

/** Every file that drawing needs; thumbnails are not among them (`thumbnails.ts`). */
export function filesOf(manifest: Manifest): readonly ModelFile[] {
  const networks = manifest.styles.flatMap((style) => (style.scene ? [style, style.scene] : [style]));
  return [manifest.faceDetector, manifest.faceMesh, manifest.personMask, manifest.blendMask, ...networks];
}

/**
 * Reads a file of the manifest and checks that it is the one the manifest means.
 * @throws DctoonError `internal` where it is missing, damaged or another
 */
export async function readModelFile(modelsDir: string, entry: ModelFile): Promise<Buffer> {
  const path = join(modelsDir, entry.file);
  const data = await readFile(path).catch((cause: unknown) => {
    throw new DctoonError('internal', `The model file ${path} cannot be read.`, { cause });
  });
  const actual = createHash('sha256').update(data).digest('hex');
  if (actual === entry.sha256) return data;
  throw new DctoonError(
    'internal',
    `The model file ${path} is damaged or was replaced: its SHA-256 is ${actual}, the manifest says ${entry.sha256}.`,
  );
}
