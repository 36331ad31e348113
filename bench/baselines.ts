/** What our network is compared with, in the same runtime and pipeline: `python -m dctoon_training baselines` makes the files. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MANIFEST_FILE, type Manifest, readManifest } from '../src/inference/models/manifest.ts';
import { Pipeline } from '../src/inference/pipeline.ts';
import { PROFILES, type Profile } from '../src/inference/profile.ts';
import type { Cartoon } from '../src/inference/types.ts';
import { photo } from './photos.ts';

export const MODELS_DIR = fileURLToPath(new URL('../models/', import.meta.url));

const FOLDER = new URL('../training/runs/baselines/', import.meta.url);

/** `float`: our network in FP32; `teacher`: DCT-Net in FP32; `peak`: one large INT8 convolution. */
export type Baseline = 'float' | 'teacher' | 'peak';

/**
 * The path of a baseline's network; undefined where it was not made (the teacher's weights are not in the repository).
 * @throws Error where `3d` is newer than its own FP32 form, which then is the form of another network.
 */
export function baseline(name: Baseline, folder = FOLDER): string | undefined {
  const path = fileURLToPath(new URL(`${name}.onnx`, folder));
  const made = statSync(path, { throwIfNoEntry: false });
  if (!made) return undefined;
  if (name === 'float' && made.mtimeMs < statSync(join(MODELS_DIR, '3d.onnx')).mtimeMs)
    throw new Error(`${path} is of an older network: python -m dctoon_training baselines`);
  return path;
}

/** One photo through a pipeline, in the style `3d`. */
export async function draw(pipeline: Pipeline, file: Uint8Array): Promise<Cartoon> {
  const hooks = { onStage: () => {}, isCancelled: () => false };
  return await pipeline.run({ photo: file, style: '3d', format: 'jpeg' }, hooks);
}

/** Our pipeline, with `network` in the place of the style `3d`. */
export async function pipelineWith(
  network: string | undefined,
  profile: Profile = PROFILES.full,
): Promise<Pipeline> {
  if (network === undefined) return await Pipeline.load({ modelsDir: MODELS_DIR, ...profile });
  const folder = await mkdtemp(join(tmpdir(), 'dctoon-bench-'));
  try {
    await cp(MODELS_DIR, folder, { recursive: true });
    const data = await readFile(network);
    await writeFile(join(folder, 'network.onnx'), data);
    const sha256 = createHash('sha256').update(data).digest('hex');
    const manifest = await readManifest(folder);
    const [first] = manifest.styles;
    const style = { ...first, id: '3d', file: 'network.onnx', sha256, bytes: data.length } as const;
    await writeFile(
      join(folder, MANIFEST_FILE),
      JSON.stringify({ ...manifest, styles: [style] } as Manifest),
    );
    const pipeline = await Pipeline.load({ modelsDir: folder, ...profile });
    await draw(pipeline, await photo(64, 64, 0)); // opens the network while its file is there
    return pipeline;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
