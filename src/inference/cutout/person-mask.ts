/** Where people are in a photo: MediaPipe's selfie segmentation, its edge refined on the photo. */
import type { InferenceSession } from 'onnxruntime-node';
import { blank, type RawImage, resize } from '../image/raw-image.ts';
import { runNetwork } from '../models/run-network.ts';
import { guidedFilter } from './guided-filter.ts';

/** Side of the network's picture; every photo is squeezed into it, as MediaPipe does. */
const SIDE = 256;
/** Radius of the refinement, in pixels of a picture that is 448 pixels high: a strand of hair and its surroundings. */
const RADIUS = 6;
const EPSILON = 1e-3;
/** Between these the refined mask goes from transparent to opaque: the filter leaves a haze round the edge. */
const HAZE = [0.2, 0.8] as const;
/** Share of the picture under which nobody is there. */
const NOBODY = 0.004;

export class PersonMask {
  readonly #session: InferenceSession;

  /** `session`: image uint8 [1, 256, 256, 3] RGB -> mask float [1, 256, 256], 0..1. */
  constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** The alpha mask of all people in a picture, as large as it; undefined where there is nobody. */
  async find(picture: RawImage): Promise<RawImage | undefined> {
    const input = await resize(picture, { width: SIDE, height: SIDE });
    const { mask } = await runNetwork<{ readonly mask: Float32Array }>(this.#session, { image: input });
    const small = blank(input, 1, 0);
    let inside = 0;
    for (let i = 0; i < mask.length; i++) {
      const value = mask[i] as number;
      small.data[i] = Math.round(255 * value);
      if (value > 0.5) inside++;
    }
    if (inside < NOBODY * mask.length) return undefined;
    const { data } = await resize(small, picture);
    const refined = guidedFilter(
      Float32Array.from(data, (value) => value / 255),
      picture,
      RADIUS,
      EPSILON,
    );
    const alpha = blank(picture, 1, 0);
    for (let i = 0; i < alpha.data.length; i++) {
      const t = ((refined[i] as number) - HAZE[0]) / (HAZE[1] - HAZE[0]);
      alpha.data[i] = Math.round(255 * Math.min(1, Math.max(0, t)));
    }
    return alpha;
  }
}
