/**
 * Faces that are too small for their style, or not drawn at all, keep the photo's features under the style's colours.
 *
 * The networks draw eyes and mouths where there is enough to draw from; of a head that had to be enlarged some styles leave a blank,
 * and of a face in a whole picture every style leaves a smear. Nobody is to be rubbed out. So the photo's features stay, and take from
 * the drawing what the eye sees from afar: `photo + blurred(drawing) - blurred(photo)`.
 */
import { HEAD_SIDE, type Head } from '../faces/align.ts';
import { fromResized, type Similarity, toResized } from '../faces/similarity.ts';
import { open, type RawImage, render, resize, type Size } from '../image/raw-image.ts';
import type { Warper } from '../image/warp.ts';
import type { AffineMap, DetailTransfer } from './detail-transfer.ts';
import type { Stylized } from './stylize.ts';

/** Side of the square in which a face that is not drawn is compared with its surroundings; nothing finer is left in it. */
const SIDE = 48;
/** Deviation of the blur, of the crop's side: eyes and mouth are the photo's, cheeks and hair the style's. */
const BLUR = 1 / 20;
/** Up to the first enlargement a head is as it was drawn; from the second on all its features are the photo's (looked at in all styles). */
const ENLARGED = { drawn: 1.75, kept: 3 } as const;
/** The share of a head that the mesh does not confirm: most styles draw the second eye that a profile does not have. */
const UNCONFIRMED = 0.5;

/** How much of a drawn head's features are the photo's, 0..1. @param enlargement of the photo's pixels in its crop */
export function keptShare(enlargement: number, confirmed: boolean): number {
  const share = (enlargement - ENLARGED.drawn) / (ENLARGED.kept - ENLARGED.drawn);
  return Math.max(confirmed ? 0 : UNCONFIRMED, Math.min(1, share));
}

/** A drawn head of `size`, a square, with `share` of its features the photo's. */
export async function mixFeatures(
  head: Stylized,
  size: Size,
  share: number,
  detailTransfer: DetailTransfer,
): Promise<AffineMap> {
  const blurred = async (picture: RawImage) => await render(open(picture).blur(size.width * BLUR));
  const [photo, drawn] = [await resize(head.input, size), await resize(head.cartoon, size)];
  const colours = await blurred(drawn);
  const input = await open(colours).ensureAlpha(share).raw().toBuffer();
  const over = { input, raw: { ...size, channels: 4 as const } };
  const after = await render(open(drawn).composite([over]).removeAlpha());
  return detailTransfer.recolour(await blurred(photo), after, share);
}

export interface KeptFace {
  /** From pixels of the photo to pixels of `features`. */
  readonly matrix: Similarity;
  readonly features: AffineMap;
}

/** @param background the whole picture as it was drawn; @param photo as it was before anything was drawn over */
export async function keepFeatures(
  photo: RawImage,
  head: Head,
  { cartoon }: Stylized,
  warper: Warper,
  detailTransfer: DetailTransfer,
): Promise<KeptFace> {
  const matrix = toResized(head.matrix, HEAD_SIDE / SIDE);
  const size = { width: SIDE, height: SIDE };
  const blurred = async (picture: RawImage) => {
    const square = await warper.warp(
      picture,
      fromResized(matrix, photo.width / picture.width),
      size,
      'mirror',
    );
    return await render(open(square).blur(SIDE * BLUR));
  };
  return { matrix, features: detailTransfer.recolour(await blurred(photo), await blurred(cartoon), 1) };
}
