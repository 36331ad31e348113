/** From the faces of a photo to aligned heads: squares in which every face sits at the same place. */

import type { RawImage } from '../image/raw-image.ts';
import type { Warper } from '../image/warp.ts';
import type { FaceBox, FaceDetector } from './detector.ts';
import type { FaceMesh, FivePoints } from './landmarks.ts';
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

/** More faces than this are left to the background's style. */
const MAX_HEADS = 8;
/** Detector boxes that are given to the mesh, so that a wall of posters costs no more than a group. */
const MAX_CANDIDATES = 16;
/** A head that would have to be enlarged more has nothing to draw from; it stays as the background's style draws it. */
const MAX_ENLARGEMENT = 4;
/** Side of the detector's box around a face / side of its head crop. */
const FACE_IN_CROP = 0.52;

export interface Head {
  /** From pixels of the photo to pixels of the 288 x 288 crop. */
  readonly matrix: Similarity;
}

/**
 * The heads of a photo, largest first, at most 8.
 * @param photo the photo at its full size; landmarks are found here
 * @param small the same at any smaller size; faces are found here
 */
export async function findHeads(
  photo: RawImage,
  small: RawImage,
  detector: FaceDetector,
  mesh: FaceMesh,
): Promise<Head[]> {
  const heads: Head[] = [];
  const middles: { at: Point; reach: number }[] = [];
  const factor = photo.width / small.width;
  const smallest = (HEAD_SIDE / MAX_ENLARGEMENT) * FACE_IN_CROP;
  const faces = await detector.find(small, smallest / factor);
  for (const face of faces.slice(0, MAX_CANDIDATES)) {
    if (heads.length === MAX_HEADS) break;
    const points = await mesh.fivePoints(photo, enlarged(face, factor));
    if (!points) continue;
    const matrix = fitSimilarity(points, TEMPLATE);
    if (scaleOf(matrix) > MAX_ENLARGEMENT) continue;
    // Two boxes can lead the mesh to one and the same face.
    const at = mean(points);
    const reach = distance(points[0], points[1]) / 2;
    if (middles.some((other) => distance(other.at, at) < Math.max(other.reach, reach))) continue;
    middles.push({ at, reach });
    heads.push({ matrix });
  }
  return heads;
}

/**
 * The aligned 288 x 288 crop of a head. Where the photo ends, it goes on mirrored: DCT-Net's white there leaves a light
 * line along the photo's edge, and an eye next to it undrawn (compared on cut faces).
 */
export async function cropHead(photo: RawImage, head: Head, warper: Warper): Promise<RawImage> {
  return await warper.warp(photo, head.matrix, { width: HEAD_SIDE, height: HEAD_SIDE }, 'mirror');
}

/** The same face in a picture `factor` times larger; edges map to edges, hence the halves. */
function enlarged(face: FaceBox, factor: number): FaceBox {
  const point = ({ x, y }: Point): Point => ({ x: (x + 0.5) * factor - 0.5, y: (y + 0.5) * factor - 0.5 });
  return {
    score: face.score,
    centre: point(face.centre),
    size: face.size * factor,
    leftEye: point(face.leftEye),
    rightEye: point(face.rightEye),
  };
}
