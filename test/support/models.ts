/** The networks of the repository, opened once per test file. */
import { fileURLToPath } from 'node:url';
import { FaceDetector } from '../../src/inference/faces.ts';
import { FaceMesh } from '../../src/inference/landmarks.ts';
import { readManifest } from '../../src/inference/manifest.ts';
import { openSession } from '../../src/inference/sessions.ts';

export const MODELS_DIR = fileURLToPath(new URL('../../models/', import.meta.url));

export async function faceModels(): Promise<{ detector: FaceDetector; mesh: FaceMesh }> {
  const { faceDetector, faceMesh } = await readManifest(MODELS_DIR);
  return {
    detector: new FaceDetector(await openSession(MODELS_DIR, faceDetector)),
    mesh: new FaceMesh(await openSession(MODELS_DIR, faceMesh)),
  };
}
