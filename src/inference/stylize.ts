/** Runs a style network. One set of weights serves head crops and whole pictures. */
import type { InferenceSession } from 'onnxruntime-node';
import { crop, open, type Picture, render, type Size } from './picture.ts';
import { runNetwork } from './sessions.ts';

/** Sides of the network's input must be multiples of this: space-to-depth by 4, then one halving. */
const MULTIPLE = 8;
/** Whole pictures are drawn with their short side at most this long, as in DCT-Net: larger, the strokes get too fine. */
const SHORT_SIDE = 720;
/** Bound for panoramas, in pixels (720 x 1920): keeps time and memory of the network bounded. */
const AREA = 720 * 1920;

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
 * @param session photo uint8 [1, H, W, 3] RGB -> cartoon uint8 [1, H, W, 3] RGB, H and W multiples of 8
 */
export async function stylize(session: InferenceSession, picture: Picture): Promise<Picture> {
  const input = await padded(picture);
  const { cartoon } = await runNetwork<{ readonly cartoon: Uint8Array }>(session, 'photo', input);
  return await crop(
    { ...input, data: cartoon },
    { left: 0, top: 0, width: picture.width, height: picture.height },
  );
}

/** Repeats the last column and row until the sides are multiples of 8: a drawn edge would show at the photo's border. */
async function padded(picture: Picture): Promise<Picture> {
  const right = -picture.width & (MULTIPLE - 1);
  const bottom = -picture.height & (MULTIPLE - 1);
  if (right === 0 && bottom === 0) return picture;
  return await render(open(picture).extend({ right, bottom, extendWith: 'copy' }));
}
