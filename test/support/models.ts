/** The networks of the repository, opened once per test file. */
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { Enlarger } from '../../src/inference/drawing.ts';
import { FaceDetector } from '../../src/inference/faces.ts';
import { FaceMesh } from '../../src/inference/landmarks.ts';
import { readManifest, readModelFile } from '../../src/inference/manifest.ts';
import { type Picture, render } from '../../src/inference/picture.ts';
import { openSession } from '../../src/inference/sessions.ts';

export const MODELS_DIR = fileURLToPath(new URL('../../models/', import.meta.url));

export async function faceModels(): Promise<{ detector: FaceDetector; mesh: FaceMesh }> {
  const { faceDetector, faceMesh } = await readManifest(MODELS_DIR);
  return {
    detector: new FaceDetector(await openSession(MODELS_DIR, faceDetector)),
    mesh: new FaceMesh(await openSession(MODELS_DIR, faceMesh)),
  };
}

/** What a drawing needs to get onto its photo. */
export async function blendParts(): Promise<{ enlarger: Enlarger; mask: Picture }> {
  const { blendMask } = await readManifest(MODELS_DIR);
  return {
    enlarger: new Enlarger(),
    mask: await render(sharp(await readModelFile(MODELS_DIR, blendMask)).toColourspace('b-w')),
  };
}
