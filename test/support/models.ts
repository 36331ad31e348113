/** The networks of the repository, opened once per test file. */
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { DetailTransfer } from '../../src/inference/drawing/detail-transfer.ts';
import { FaceDetector } from '../../src/inference/faces/detector.ts';
import { FaceMesh } from '../../src/inference/faces/landmarks.ts';
import { Kernels } from '../../src/inference/image/kernels.ts';
import { type RawImage, render } from '../../src/inference/image/raw-image.ts';
import { Warper } from '../../src/inference/image/warp.ts';
import { readManifest, readModelFile } from '../../src/inference/models/manifest.ts';
import { openSession } from '../../src/inference/models/sessions.ts';

export const MODELS_DIR = fileURLToPath(new URL('../../models/', import.meta.url));

export async function faceModels(): Promise<{ detector: FaceDetector; mesh: FaceMesh; warper: Warper }> {
  const warper = new Warper(new Kernels());
  const { faceDetector, faceMesh } = await readManifest(MODELS_DIR);
  return {
    detector: new FaceDetector(await openSession(MODELS_DIR, faceDetector)),
    mesh: new FaceMesh(await openSession(MODELS_DIR, faceMesh), warper),
    warper,
  };
}

/** What a drawing needs to get onto its photo. */
export async function blendParts(): Promise<{ detailTransfer: DetailTransfer; mask: RawImage }> {
  const { blendMask } = await readManifest(MODELS_DIR);
  return {
    detailTransfer: new DetailTransfer(new Kernels()),
    mask: await render(sharp(await readModelFile(MODELS_DIR, blendMask)).toColourspace('b-w')),
  };
}
