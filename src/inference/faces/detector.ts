/**
 * Finds faces with CenterFace: a picture of any size in; for every 4 x 4 pixels how surely a face has its middle there, its box
 * and its five points out.
 *
 * The network sees faces from about 10 pixels to most of the picture, tilted up to about 60 degrees. So where nobody stands in
 * front, a photo is looked at as a whole, enlarged, through windows, and from all four sides: people lie down, or send photos on
 * their heads. A face that the network is not sure of is looked at again from near, from all sides, too.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { extend } from '../image/frame.ts';
import { clip, type RawImage } from '../image/raw-image.ts';
import { runNetwork } from '../models/run-network.ts';
import { apply, distance, followedBy, type Point, scaleOf } from './similarity.ts';
import { type QuarterTurns, turned, type View, viewOf, whole } from './view.ts';

/** Sides of the network's input must be multiples of this; it halves them five times. */
const MULTIPLE = 32;
/** Pixels per cell of its outputs. */
const CELL = 4;
/** Below, what is found are knees and lamps (measured on scenes, bench/README.md). */
const POSSIBLE = 0.35;
/** A face, whatever the mesh says: the mesh sees faces in dogs and none in profiles (measured on groups, animals and things, ibid.). */
export const SURE = 0.6;
/** Faces on their heads reach 0.75 the wrong way up. */
const SETTLED = 0.8;

/** Pixels of a photo in the enlarged look at most, for its time. */
const ENLARGED = 1280 * 960;
/** Smallest faces that are looked for, in pixels of the photo, and smallest that the network sees well: of 11 pixels it finds six of seven. */
const SMALLEST = { wanted: 24, seen: 16 } as const;
/** An enlargement by less shows nothing new. */
const WORTHWHILE = 1.2;
/** The enlarged look is left out when somebody stands in front: a face so sure, of this part of the photo's side. */
const IN_FRONT = { score: 0.7, part: 0.2 } as const;
/** About the side of a window, which bounds the network's memory, and the pixels that neighbours share. */
const WINDOW = { side: 600, overlap: 64 } as const;
/** Side of a square of the photo's area when it is looked at from all sides, in pixels; also shows faces that fill the photo. */
const TURNED_SIDE = 256;
/** Who is not sure is looked at again in a square so many times the box's side, of so many pixels. */
const AGAIN = { wider: 2.4, side: 160 } as const;
const ALL_SIDES: readonly QuarterTurns[] = [0, 1, 2, 3];

/** Left eye, right eye, nose tip, left and right mouth corner; "left" is the left in a picture with the face upright. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];

/** One face, in pixels of the photo that was searched. */
export interface FaceBox {
  /** 0..1. */
  readonly score: number;
  readonly centre: Point;
  /** Larger side of the box around the face (forehead to chin). */
  readonly size: number;
  readonly points: FivePoints;
}

type Outputs = Readonly<Record<'heat' | 'size' | 'offset' | 'points', Float32Array>>;

export class FaceDetector {
  readonly #session: InferenceSession;

  /** `session`: see `training/dctoon_training/stages/face_finder.py`. */
  constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * All faces of a photo, largest first, in its pixels. 10 to 20 ms with somebody in front, 100 more without (one thread, Zen 5).
   * @param small the same photo at a size that the network may see as a whole
   */
  async find(photo: RawImage, small: RawImage): Promise<FaceBox[]> {
    const first = whole(small, photo);
    let faces = await this.#look(first);
    const inFront = IN_FRONT.part * Math.sqrt(photo.width * photo.height);
    if (!faces.some(({ score, size }) => score >= IN_FRONT.score && size >= inFront)) {
      faces.push(...(await this.#enlarged(photo, scaleOf(first.back))));
      faces.push(...(await this.#fromAllSides(small, first)));
      faces = distinct(faces);
    }
    const seen: FaceBox[] = [];
    for (const face of faces) seen.push(...(face.score < SETTLED ? await this.#again(photo, face) : [face]));
    return distinct(seen).sort((one, other) => other.size - one.size);
  }

  /** @param already how many times smaller the photo has been looked at */
  async #enlarged(photo: RawImage, already: number): Promise<FaceBox[]> {
    const affordable = Math.sqrt(ENLARGED / (photo.width * photo.height));
    const scale = Math.min(affordable, SMALLEST.seen / SMALLEST.wanted);
    if (scale * already < WORTHWHILE) return [];
    const faces: FaceBox[] = [];
    for (const [top, height] of parts(photo.height, scale)) {
      for (const [left, width] of parts(photo.width, scale)) {
        faces.push(...(await this.#look(await viewOf(photo, { left, top, width, height }, scale))));
      }
    }
    return faces;
  }

  async #fromAllSides(small: RawImage, { back }: View): Promise<FaceBox[]> {
    const scale = Math.min(1, TURNED_SIDE / Math.sqrt(small.width * small.height));
    const all = { left: 0, top: 0, width: small.width, height: small.height };
    const view = await viewOf(small, all, scale);
    return await this.#turnedLooks({ ...view, back: followedBy(view.back, back) });
  }

  /** The face as it is seen best from near, or as it was seen before. */
  async #again(photo: RawImage, face: FaceBox): Promise<FaceBox[]> {
    const side = Math.round(face.size * AGAIN.wider);
    const [left, top] = [Math.round(face.centre.x - side / 2), Math.round(face.centre.y - side / 2)];
    const box = clip({ left, top, width: side, height: side }, photo);
    if (!box) return [face];
    const near = await this.#turnedLooks(await viewOf(photo, box, AGAIN.side / side));
    return distinct([face, ...near.filter((other) => overlaps(face, other))]);
  }

  async #turnedLooks(view: View): Promise<FaceBox[]> {
    const faces: FaceBox[] = [];
    for (const turns of ALL_SIDES) faces.push(...(await this.#look(await turned(view, turns))));
    return distinct(faces);
  }

  async #look({ picture, back }: View): Promise<FaceBox[]> {
    const image = padded(picture);
    const outputs = await runNetwork<Outputs>(this.#session, { image });
    const scale = scaleOf(back);
    return read(outputs, image.width / CELL, image.height / CELL).map(({ score, centre, size, points }) => ({
      score,
      centre: apply(back, centre),
      size: size * scale,
      points: points.map((point) => apply(back, point)) as unknown as FivePoints,
    }));
  }
}

/** Windows along a side of the photo: where they start and how long they are, in its pixels. */
function parts(length: number, scale: number): [start: number, length: number][] {
  const count = Math.max(1, Math.round((length * scale) / WINDOW.side));
  const overlap = WINDOW.overlap / scale;
  const each = Math.min(length, Math.ceil((length + (count - 1) * overlap) / count));
  return Array.from({ length: count }, (_, i) => [
    count === 1 ? 0 : Math.round((i * (length - each)) / (count - 1)),
    each,
  ]);
}

/** The picture with black on the right and below, so that its sides are what the network wants. */
function padded(picture: RawImage): RawImage {
  const right = -picture.width & (MULTIPLE - 1);
  const bottom = -picture.height & (MULTIPLE - 1);
  return extend(picture, { left: 0, top: 0, right, bottom }, 0);
}

/** The peaks of the heat map, in pixels of the network's picture; `columns` x `rows` cells. */
function read({ heat, size, offset, points }: Outputs, columns: number, rows: number): FaceBox[] {
  const faces: FaceBox[] = [];
  const cells = columns * rows;
  for (let cell = 0; cell < cells; cell++) {
    const score = heat[cell] as number;
    if (score < POSSIBLE) continue;
    const [column, row] = [cell % columns, Math.floor(cell / columns)];
    if (!isPeak(heat, column, row, columns, rows)) continue;
    const value = (plane: Float32Array, index: number) => plane[index * cells + cell] as number;
    const height = Math.exp(value(size, 0)) * CELL;
    const width = Math.exp(value(size, 1)) * CELL;
    // The network speaks of pixel edges, everything here of pixel centres: hence the half.
    const x = (column + value(offset, 1) + 0.5) * CELL - 0.5;
    const y = (row + value(offset, 0) + 0.5) * CELL - 0.5;
    faces.push({
      score,
      centre: { x, y },
      size: Math.max(width, height),
      points: [0, 1, 2, 3, 4].map((index) => ({
        x: x + (value(points, 2 * index + 1) - 0.5) * width,
        y: y + (value(points, 2 * index) - 0.5) * height,
      })) as unknown as FivePoints,
    });
  }
  return distinct(faces);
}

function isPeak(heat: Float32Array, column: number, row: number, columns: number, rows: number): boolean {
  const here = heat[row * columns + column] as number;
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      if ((heat[y * columns + x] as number) > here) return false;
    }
  }
  return true;
}

/** Non-maximum suppression: drops what lies within half a face of a better one; best first. */
function distinct(faces: readonly FaceBox[]): FaceBox[] {
  const kept: FaceBox[] = [];
  for (const face of [...faces].sort((one, other) => other.score - one.score)) {
    if (!kept.some((better) => overlaps(face, better))) kept.push(face);
  }
  return kept;
}

function overlaps(one: FaceBox, other: FaceBox): boolean {
  return distance(one.centre, other.centre) < Math.max(one.size, other.size) / 2;
}
