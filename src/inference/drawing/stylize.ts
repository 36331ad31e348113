/** Runs a style network: one for head crops, one for whole pictures, or one for both. */
import type { InferenceSession } from 'onnxruntime-node';
import { crop, extend } from '../image/frame.ts';
import type { RawImage, Size } from '../image/raw-image.ts';
import { runNetwork } from '../models/run-network.ts';

/** Input and output of a style's network: RGB, uint8, of equal size. */
export interface Stylized {
  readonly input: RawImage;
  readonly cartoon: RawImage;
}

/** Sides of the network's input must be multiples of this: space-to-depth by 4, then one halving. */
const MULTIPLE = 8;
/** For `stylize`, of whole pictures. Head crops need none: the blend mask hides their rim. */
export const PICTURE_MARGIN = 16;
/** A panorama is drawn at most this many times as long as high, or smaller: keeps the network's time and memory bounded. */
const LONGEST = 8 / 3;

/**
 * The size at which a whole picture is drawn; never larger than the picture.
 * @param side longest short side
 */
export function drawingSize({ width, height }: Size, side: number): Size {
  const area = side * side * LONGEST;
  const scale = Math.min(1, side / Math.min(width, height), Math.sqrt(area / (width * height)));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/**
 * Draws a picture in a style, at the same size.
 * @param session photo uint8 [N, H, W, 3] RGB -> cartoon uint8 [N, H, W, 3] RGB, H and W multiples of 8
 * @param margin mirrored pixels that the network sees round the picture. Its convolutions take what lies beyond the
 *   edge for black, which tints a rim of the result; 16 pixels remove more than half of that for 7 % of the time.
 */
export async function stylize(
  session: InferenceSession,
  picture: RawImage,
  margin: number,
): Promise<RawImage> {
  const input = padded(picture, margin);
  const { cartoon } = await runNetwork<{ readonly cartoon: Uint8Array }>(session, { photo: input });
  const { width, height } = picture;
  return crop({ ...input, data: cartoon }, { left: margin, top: margin, width, height });
}

/** The picture with a margin, right and below so much wider that the sides are multiples of 8. */
function padded(picture: RawImage, margin: number): RawImage {
  const right = margin + multipleAbove(picture.width + 2 * margin);
  const bottom = margin + multipleAbove(picture.height + 2 * margin);
  return extend(picture, { left: margin, top: margin, right, bottom }, 'mirror');
}

/** How much is missing to the next multiple of 8. */
function multipleAbove(length: number): number {
  return -length & (MULTIPLE - 1);
}
