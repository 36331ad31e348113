/** Runs a style network. One set of weights serves head crops and whole pictures. */
import type { InferenceSession } from 'onnxruntime-node';
import { crop, open, type Picture, render, type Size } from './picture.ts';
import { runNetwork } from './sessions.ts';

/** Sides of the network's input must be multiples of this: space-to-depth by 4, then one halving. */
const MULTIPLE = 8;
/**
 * Whole pictures are drawn with their short side at most this long; the photo's detail comes back afterwards
 * (`drawing.ts`). DCT-Net draws at 720, without that: twice the time, no visible gain (compared side by side).
 */
const SHORT_SIDE = 512;
/** For `stylize`, of whole pictures. Head crops need none: the blend mask hides their rim. */
export const PICTURE_MARGIN = 16;
/** Bound for panoramas, in pixels (512 x 1365): keeps time and memory of the network bounded. */
const AREA = 512 * 1365;

/** The size at which a whole picture is drawn; never larger than the picture. */
export function drawingSize({ width, height }: Size): Size {
  const scale = Math.min(1, SHORT_SIDE / Math.min(width, height), Math.sqrt(AREA / (width * height)));
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
export async function stylize(session: InferenceSession, picture: Picture, margin: number): Promise<Picture> {
  const input = await padded(picture, margin);
  const { cartoon } = await runNetwork<{ readonly cartoon: Uint8Array }>(session, { photo: input });
  const { width, height } = picture;
  return await crop({ ...input, data: cartoon }, { left: margin, top: margin, width, height });
}

/** The picture with a margin, right and below so much wider that the sides are multiples of 8. */
async function padded(picture: Picture, margin: number): Promise<Picture> {
  const right = margin + multipleAbove(picture.width + 2 * margin);
  const bottom = margin + multipleAbove(picture.height + 2 * margin);
  if (right === 0 && bottom === 0) return picture;
  const extended = open(picture).extend({ left: margin, top: margin, right, bottom, extendWith: 'mirror' });
  return await render(extended);
}

/** How much is missing to the next multiple of 8. */
function multipleAbove(length: number): number {
  return -length & (MULTIPLE - 1);
}
