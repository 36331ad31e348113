/** From the faces of a photo to aligned heads: squares in which every face sits at the same place. */

import type { RawImage } from '../image/raw-image.ts';
import type { Warper } from '../image/warp.ts';
import { type FaceDetector, type FivePoints, SURE } from './detector.ts';
import type { FaceMesh } from './landmarks.ts';
import { distance, fitSimilarity, mean, type Point, type Similarity, scaleOf } from './similarity.ts';

/** Side of a head crop in pixels; the head scale of DCT-Net, on which the styles are trained. */
export const HEAD_SIDE = 288;
/**
 * Where the five points belong in a head crop. ArcFace's 112 template (the 96 x 112 one moved by (1, 1)), zoomed out
 * by `(p - 56) * 0.75 + 56` and scaled by 288 / 112: DCT-Net's pipeline.
 */
const TEMPLATE: FivePoints = [
  { x: 111.78243, y: 137.62857 },
  { x: 179.7399, y: 137.2527 },
  { x: 145.97716, y: 176.27773 },
  { x: 118.05936, y: 216.06203 },
  { x: 174.33623, y: 215.75076 },
];

/** A head that would have to be enlarged more has nothing to draw from: its face has fewer than 16 pixels. */
const MAX_ENLARGEMENT = 9;
/** Where the mesh has an eye, the detector has the face: so far from its middle at most, in sides of its box. */
const WITHIN = 0.5;

export interface Head {
  /** From pixels of the photo to pixels of the 288 x 288 crop. */
  readonly matrix: Similarity;
  /** The mesh sees a face as well: it has two eyes, and they are where the matrix says. */
  readonly confirmed: boolean;
}

/** The heads of a photo, each largest first. */
export interface Heads {
  /** To be drawn. */
  readonly drawn: readonly Head[];
  /** Perhaps no faces, or too small to be drawn: they keep the photo's features under the style's colours. */
  readonly kept: readonly Head[];
}

/**
 * The heads of a photo, however many.
 * @param photo the photo at its full size; landmarks are found here
 * @param small the same at any smaller size; large faces are found here
 */
export async function findHeads(
  photo: RawImage,
  small: RawImage,
  detector: FaceDetector,
  mesh: FaceMesh,
): Promise<Heads> {
  const drawn: Head[] = [];
  const kept: Head[] = [];
  const middles: { at: Point; reach: number }[] = [];
  for (const face of await detector.find(photo, small)) {
    const seen = await mesh.fivePoints(photo, face);
    const confirmed = seen !== undefined && distance(mean(seen), face.centre) < WITHIN * face.size;
    // The mesh sees no face in a profile, nor behind a hand. Where the detector is sure, its own points have to do.
    const points = confirmed ? seen : face.points;
    const matrix = fitSimilarity(points, TEMPLATE);
    // Two boxes can lead the mesh to one and the same face.
    const at = mean(points);
    const reach = face.size / 4;
    if (middles.some((other) => distance(other.at, at) < Math.max(other.reach, reach))) continue;
    middles.push({ at, reach });
    const isDrawn = face.score >= SURE && scaleOf(matrix) <= MAX_ENLARGEMENT;
    (isDrawn ? drawn : kept).push({ matrix, confirmed });
  }
  return { drawn, kept };
}

/**
 * The aligned 288 x 288 crop of a head. Where the photo ends, it goes on mirrored: DCT-Net's white there leaves a light
 * line along the photo's edge, and an eye next to it undrawn (compared on cut faces).
 */
export async function cropHead(photo: RawImage, head: Head, warper: Warper): Promise<RawImage> {
  return await warper.warp(photo, head.matrix, { width: HEAD_SIDE, height: HEAD_SIDE }, 'mirror');
}
