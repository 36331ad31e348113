/** Where eyes, nose and mouth of a found face are: MediaPipe's face mesh, 468 points. */
import type { InferenceSession } from 'onnxruntime-node';
import type { RawImage } from '../image/raw-image.ts';
import type { Warper } from '../image/warp.ts';
import { runNetwork } from '../models/sessions.ts';
import { type FaceBox, sigmoid } from './detector.ts';
import { apply, centred, invert, mean, type Point } from './similarity.ts';

const SIDE = 192;
/** After the sigmoid; below, the "face" is a shirt or a bush. */
const SCORE_THRESHOLD = 0.5;
/** Side of the mesh's picture / side of the detector's box; the second is tried where the mesh is unsure of the first. */
const CROPS = [1.5, 1.8] as const;
/** Mesh points whose mean is the eye's centre: corners and mid lids. */
const LEFT_EYE = [33, 133, 159, 145] as const;
const RIGHT_EYE = [362, 263, 386, 374] as const;
const NOSE_TIP = 1;
const MOUTH_CORNERS = [61, 291] as const;

/** Left eye, right eye, nose tip, left and right mouth corner; "left" is the picture's left. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];

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
    const roll = Math.atan2(face.rightEye.y - face.leftEye.y, face.rightEye.x - face.leftEye.x);
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
