/** Puts the drawn picture and the drawn heads onto the photo, at the photo's own size. */
import { HEAD_SIDE, type Head } from '../faces/align.ts';
import { fromResized, invert, type Similarity, scaleOf } from '../faces/similarity.ts';
import { type Box, clip, open, type RawImage, render, resize } from '../image/raw-image.ts';
import { coveredBox } from '../image/warp.ts';
import type { DetailTransfer } from './detail-transfer.ts';

/** Input and output of a style's network: RGB, uint8, of equal size. */
export interface Stylized {
  readonly input: RawImage;
  readonly cartoon: RawImage;
}

/** The part of the photo that a head covers, kept from before it is drawn over. */
interface Covered {
  readonly box: Box;
  readonly photo: RawImage;
}

/**
 * The finished cartoon, as large as `photo`, whose memory it takes over.
 * @param background the whole picture, drawn at most as large as the photo
 * @param stylizedHeads one per head, in the same order
 * @param mask grey, 288 x 288: the alpha of a head
 */
export async function compose(
  photo: RawImage,
  background: Stylized,
  heads: readonly Head[],
  stylizedHeads: readonly Stylized[],
  mask: RawImage,
  detailTransfer: DetailTransfer,
): Promise<RawImage> {
  const covered: (Covered | undefined)[] = [];
  for (const head of heads) covered.push(await cover(photo, head));
  const canvas = await drawBackground(photo, background, detailTransfer);
  for (const [index, head] of heads.entries()) {
    const under = covered[index];
    if (under) await pasteHead(canvas, under, head, stylizedHeads[index] as Stylized, mask, detailTransfer);
  }
  return canvas;
}

async function drawBackground(
  photo: RawImage,
  { input, cartoon }: Stylized,
  detailTransfer: DetailTransfer,
): Promise<RawImage> {
  if (cartoon.width === photo.width && cartoon.height === photo.height) return cartoon;
  detailTransfer.drawOver(photo, detailTransfer.fit(input, cartoon));
  return photo;
}

async function pasteHead(
  canvas: RawImage,
  { box, photo }: Covered,
  { matrix }: Head,
  drawn: Stylized,
  mask: RawImage,
  detailTransfer: DetailTransfer,
): Promise<void> {
  if (scaleOf(matrix) < 1) {
    const drawing = detailTransfer.fit(drawn.input, drawn.cartoon);
    return detailTransfer.drawHead(canvas, photo, box, drawing, mask, matrix);
  }
  // The crop was an enlargement: there is no more detail to find, and the way back must not skip pixels.
  const side = Math.max(2, Math.round(HEAD_SIDE / scaleOf(matrix)));
  const small = { width: side, height: side };
  const drawing = detailTransfer.opaque(await resize(drawn.cartoon, small));
  const alpha = await resize(mask, small);
  detailTransfer.drawHead(canvas, photo, box, drawing, alpha, toResized(matrix, HEAD_SIDE / side));
}

/** `matrix` for a target that is resized to a `factor`-th of its size; the counterpart of `fromResized`. */
function toResized(matrix: Similarity, factor: number): Similarity {
  return invert(fromResized(invert(matrix), factor));
}

/** A copy, whatever `box` is: the photo will be drawn over. undefined where the head's square misses the photo */
async function cover(photo: RawImage, { matrix }: Head): Promise<Covered | undefined> {
  const box = clip(coveredBox(invert(matrix), { width: HEAD_SIDE, height: HEAD_SIDE }, 0), photo);
  return box && { box, photo: await render(open(photo).extract(box)) };
}
