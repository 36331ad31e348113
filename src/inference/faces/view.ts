/** Parts of a photo, resized and turned by quarters, and the way back from their pixels to the photo's. */
import { type Box, open, type RawImage, render, resizedPart, type Size } from '../image/raw-image.ts';
import { followedBy, type Similarity } from './similarity.ts';

/** How often a view is turned clockwise by 90 degrees. */
export type QuarterTurns = 0 | 1 | 2 | 3;

export interface View {
  readonly picture: RawImage;
  /** From pixels of the view to pixels of the photo. */
  readonly back: Similarity;
}

/** A picture that shows all of a photo, as a view of it. */
export function whole(picture: RawImage, photo: Size): View {
  return { picture, back: enlargement((photo.width / picture.width + photo.height / picture.height) / 2) };
}

/** @param scale pixels of the view per pixel of the photo */
export async function viewOf(photo: RawImage, box: Box, scale: number): Promise<View> {
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  const picture = await resizedPart(photo, box, { width, height });
  const back = enlargement((box.width / width + box.height / height) / 2);
  return { picture, back: { ...back, tx: back.tx + box.left, ty: back.ty + box.top } };
}

export async function turned({ picture, back }: View, turns: QuarterTurns): Promise<View> {
  if (turns === 0) return { picture, back };
  const unturned = UNTURN[turns](picture.width - 1, picture.height - 1);
  return { picture: await render(open(picture).rotate(90 * turns)), back: followedBy(unturned, back) };
}

/** From the turned picture's pixels to the picture's, whose last pixel is (`right`, `bottom`). */
const UNTURN: Readonly<Record<1 | 2 | 3, (right: number, bottom: number) => Similarity>> = {
  1: (_, bottom) => ({ a: 0, b: -1, tx: 0, ty: bottom }),
  2: (right, bottom) => ({ a: -1, b: 0, tx: right, ty: bottom }),
  3: (right) => ({ a: 0, b: 1, tx: right, ty: 0 }),
};

/** Edges map to edges, hence the halves. */
function enlargement(factor: number): Similarity {
  return { a: factor, b: 0, tx: (factor - 1) / 2, ty: (factor - 1) / 2 };
}
