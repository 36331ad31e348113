/** Where eyes, nose and mouth of a found face are: MediaPipe's face mesh, 468 points. */
import type { InferenceSession } from 'onnxruntime-node';
import type { RawImage } from '../image/raw-image.ts';
import type { Warper } from '../image/warp.ts';
import { runNetwork } from '../models/run-network.ts';
import type { FaceBox, FivePoints } from './detector.ts';
import { apply, centred, invert, mean } from './similarity.ts';

const SIDE = 192;
/** After the sigmoid; below, the "face" is a shirt or a bush. */
const SCORE_THRESHOLD = 0.5;
/**
 * Side of the mesh's picture / side of the detector's box; the next is tried where the mesh is unsure of the one before.
 * A profile wants to be seen near, a face at the photo's edge from afar (measured on faces of every kind).
 */
const CROPS = [1.3, 1.1, 1.6] as const;
/** Mesh points whose mean is the eye's centre: corners and mid lids. */
const LEFT_EYE = [33, 133, 159, 145] as const;
const RIGHT_EYE = [362, 263, 386, 374] as const;
const NOSE_TIP = 1;
const MOUTH_CORNERS = [61, 291] as const;

type MeshOutputs = { readonly landmarks: Float32Array; readonly score: Float32Array };

export class FaceMesh {
  readonly #session: InferenceSession;
  readonly #warper: Warper;

  /** `session`: image uint8 [1, 192, 192, 3] RGB -> landmarks float [1, 1404] (x, y, z in pixels), score float [1, 1] logit. */
  constructor(session: InferenceSession, warper: Warper) {
    this.#session = session;
    this.#warper = warper;
  }

  /**
   * The five points of a face, in pixels of `picture`; undefined where the mesh sees no face.
   * @param face in pixels of `picture`
   */
  async fivePoints(picture: RawImage, face: FaceBox): Promise<FivePoints | undefined> {
    // The mesh wants level eyes.
    const [left, right] = face.points;
    const roll = Math.atan2(right.y - left.y, right.x - left.x);
    for (const crop of CROPS) {
      const matrix = centred(face.centre, roll, SIDE / (crop * face.size), SIDE);
      const input = await this.#warper.warp(picture, matrix, { width: SIDE, height: SIDE }, 0);
      const { landmarks, score } = await runNetwork<MeshOutputs>(this.#session, { image: input });
      if (sigmoid(score[0] as number) < SCORE_THRESHOLD) continue;
      const back = invert(matrix);
      // The mesh speaks of pixel edges, everything here of pixel centres: hence the half.
      const point = (index: number) =>
        apply(back, {
          x: (landmarks[index * 3] as number) - 0.5,
          y: (landmarks[index * 3 + 1] as number) - 0.5,
        });
      return [
        mean(LEFT_EYE.map(point)),
        mean(RIGHT_EYE.map(point)),
        point(NOSE_TIP),
        point(MOUTH_CORNERS[0]),
        point(MOUTH_CORNERS[1]),
      ];
    }
    return undefined;
  }
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
