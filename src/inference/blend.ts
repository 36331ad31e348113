/** Puts drawn heads back into the drawn picture. */
import { HEAD_SIDE, type Head } from './align.ts';
import { asBuffer, type Box, clip, open, type Picture, render, type Size } from './picture.ts';
import { fromResized, invert, type Similarity, scaleOf, shifted } from './similarity.ts';
import { coveredBox, warp } from './warp.ts';

/** Composing at more than this part of the photo's size saves less than the second resize costs. */
const NEARLY_FULL = 0.7;

/**
 * The size at which picture and heads are put together: the smallest that keeps all that was drawn. The background has
 * no more detail than at `drawn`, a head none beyond its 288 pixels; only small faces in large photos need more.
 */
export function compositionSize(photo: Size, drawn: Size, heads: readonly Head[]): Size {
  const scale = Math.max(drawn.width / photo.width, ...heads.map(({ matrix }) => scaleOf(matrix)));
  if (scale * photo.width === drawn.width) return drawn;
  if (scale > NEARLY_FULL) return photo;
  return { width: Math.round(photo.width * scale), height: Math.round(photo.height * scale) };
}

/** Where a head of the photo lies in a canvas that shows the photo at another size. */
export function onCanvas({ matrix }: Head, photo: Size, canvas: Size): Similarity {
  return fromResized(matrix, (photo.width / canvas.width + photo.height / canvas.height) / 2);
}

/**
 * Blends a drawn head into `canvas`, in place: `alpha * head + (1 - alpha) * canvas`, with the mask as alpha.
 *
 * Costs grow with the face, not with the picture: only the box under the head is composed (libvips' composite over a
 * whole 1280 x 960 picture takes 8 ms, over a box of 500 x 500 it takes 3).
 *
 * @param drawn the head crop after the style network, 288 x 288
 * @param mask grey, 288 x 288; 0 at its border
 * @param matrix from pixels of `canvas` to pixels of the crop
 */
export async function pasteHead(
  canvas: Picture,
  drawn: Picture,
  mask: Picture,
  matrix: Similarity,
): Promise<void> {
  const back = invert(matrix);
  const box = clip(coveredBox(back, { width: HEAD_SIDE, height: HEAD_SIDE }, 0), canvas);
  if (!box) return;
  const local = shifted(back, -box.left, -box.top);
  const [colour, alpha] = await Promise.all([
    warp(drawn, local, box, { border: 0 }),
    warp(mask, local, box, { border: 0, interpolator: 'bilinear' }),
  ]);
  const { width, height } = box;
  const overlay = await open(colour)
    .joinChannel(asBuffer(alpha), { raw: { width, height, channels: 1 } })
    .raw()
    .toBuffer();
  const blended = await render(
    open(canvas)
      .extract(box)
      .composite([{ input: overlay, raw: { width, height, channels: 4 } }])
      .removeAlpha(),
  );
  copyInto(canvas, blended, box);
}

/** Overwrites a box of `canvas`, row by row (one memcpy each). */
function copyInto(canvas: Picture, patch: Picture, box: Box): void {
  const row = patch.width * patch.channels;
  for (let y = 0; y < patch.height; y++) {
    const start = ((box.top + y) * canvas.width + box.left) * canvas.channels;
    canvas.data.set(patch.data.subarray(y * row, (y + 1) * row), start);
  }
}
