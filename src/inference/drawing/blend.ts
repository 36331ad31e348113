/** Puts the drawn picture and the drawn heads onto the photo, at the photo's own size. */
import { HEAD_SIDE, type Head } from '../faces/align.ts';
import { invert, type Similarity, scaleOf, toResized } from '../faces/similarity.ts';
import { copyOf } from '../image/frame.ts';
import { type Box, clip, type RawImage, resize } from '../image/raw-image.ts';
import { coveredBox } from '../image/warp.ts';
import type { AffineMap, DetailTransfer } from './detail-transfer.ts';
import { type KeptFace, keptShare, mixFeatures } from './kept-features.ts';
import type { Stylized } from './stylize.ts';

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
 * @param kept faces that are not drawn; they lie under the heads
 */
export async function compose(
  photo: RawImage,
  background: Stylized,
  heads: readonly Head[],
  stylizedHeads: readonly Stylized[],
  mask: RawImage,
  detailTransfer: DetailTransfer,
  kept: readonly KeptFace[] = [],
): Promise<RawImage> {
  const covered = heads.map(({ matrix }) => cover(photo, matrix, HEAD_SIDE));
  const coveredKept = kept.map(({ matrix, features }) => cover(photo, matrix, features.width));
  const canvas = await drawBackground(photo, background, detailTransfer);
  for (const [index, { matrix, features }] of kept.entries()) {
    const under = coveredKept[index];
    if (!under) continue;
    const alpha = await resize(mask, features);
    detailTransfer.drawHead(canvas, under.photo, under.box, features, alpha, matrix);
  }
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
  { matrix, confirmed }: Head,
  drawn: Stylized,
  mask: RawImage,
  detailTransfer: DetailTransfer,
): Promise<void> {
  const enlargement = scaleOf(matrix);
  // Where the crop was an enlargement, the way back must not skip pixels.
  const side = Math.max(2, Math.round(HEAD_SIDE / Math.max(1, enlargement)));
  const size = { width: side, height: side };
  const share = keptShare(enlargement, confirmed);
  let drawing: AffineMap;
  if (share > 0) drawing = await mixFeatures(drawn, size, share, detailTransfer);
  else if (enlargement < 1) drawing = detailTransfer.fit(drawn.input, drawn.cartoon);
  else drawing = detailTransfer.opaque(await resize(drawn.cartoon, size)); // there is no more detail to find
  const alpha = await resize(mask, size);
  detailTransfer.drawHead(canvas, photo, box, drawing, alpha, toResized(matrix, HEAD_SIDE / side));
}

/**
 * A copy, since the photo will be drawn over; undefined where the head's square misses the photo
 * @param matrix to a square of `side` pixels
 */
function cover(photo: RawImage, matrix: Similarity, side: number): Covered | undefined {
  const box = clip(coveredBox(invert(matrix), { width: side, height: side }, 0), photo);
  return box && { box, photo: copyOf(photo, box) };
}
