/**
 * Finds faces with BlazeFace, short range (MediaPipe): a 128 x 128 picture in, 896 boxes out.
 *
 * The network sees faces that fill roughly a tenth to nine tenths of its picture. So the photo is looked at in several
 * sizes, through overlapping windows of 128 x 128 where it is larger than the network's picture.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { type RawImage, resize } from '../image/raw-image.ts';
import { runNetwork } from '../models/sessions.ts';
import { distance, type Point } from './similarity.ts';

const SIDE = 128;
const ANCHORS = anchors();
/** Values per box: centre, size, six key points (eyes, nose, mouth, ears), relative to the anchor. */
const VALUES = 16;
/** A score of 0.5 after the sigmoid (MediaPipe's own threshold). */
const SCORE_LOGIT = 0;
/** A face for sure; shirts and lamps stay below, real faces of 16 pixels and more mostly above (measured). */
const CONFIDENT = 0.8;

/** Smaller in the network's 128 pixels, a face is missed; up to twice this size, only this level finds it. */
const SMALLEST = 13;
/** Pixels that neighbouring windows share. */
const OVERLAP = 36;

/**
 * Sizes in pixels at which a photo is looked at, in this order: those that show the whole photo in one window give its
 * long side, the others the side of a square of its area. A level is skipped when a face for sure has been found that is
 * larger than `unless` of the photo's own such side: then nobody of note is smaller.
 */
const LEVELS = [
  { side: SIDE, whole: true, unless: 1 },
  // With a margin round it, for faces that fill the photo.
  { side: 77, whole: true, unless: 0.1 },
  { side: 224, whole: false, unless: 0.25 },
  { side: 448, whole: false, unless: 0.08 },
] as const;

/** One face, in pixels of the picture that was searched. "Left" is the picture's left. */
export interface FaceBox {
  /** 0..1. */
  readonly score: number;
  readonly centre: Point;
  /** Larger side of the box around the face (brow to chin). */
  readonly size: number;
  readonly leftEye: Point;
  readonly rightEye: Point;
}

type DetectorOutputs = { readonly boxes: Float32Array; readonly scores: Float32Array };

export class FaceDetector {
  readonly #session: InferenceSession;

  /** `session`: image uint8 [1, 128, 128, 3] RGB -> boxes float [1, 896, 16] in pixels, scores float [1, 896] logits. */
  constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * All faces of a picture, largest first. A window takes about 1 ms (one thread, Zen 5).
   * @param smallest pixels; no effort is made to find faces smaller than this
   */
  async find(picture: RawImage, smallest: number): Promise<FaceBox[]> {
    let faces: FaceBox[] = [];
    for (const { side, whole, unless } of LEVELS) {
      const own = whole ? Math.max(picture.width, picture.height) : Math.sqrt(picture.width * picture.height);
      const scale = side / own;
      const largest = faces.find(({ score }) => score >= CONFIDENT)?.size ?? 0;
      const allTooSmall = !whole && 2 * SMALLEST < smallest * scale;
      // No face is larger than the short side.
      const allMissed = !whole && Math.min(picture.width, picture.height) * scale < SMALLEST;
      if (largest >= unless * own || allTooSmall || allMissed) continue;
      faces = distinct([...faces, ...(await this.#look(picture, scale))]);
    }
    return faces;
  }

  async #look(picture: RawImage, scale: number): Promise<FaceBox[]> {
    const size = {
      width: Math.max(1, Math.round(picture.width * scale)),
      height: Math.max(1, Math.round(picture.height * scale)),
    };
    const level = await resize(picture, size);
    const factor = { x: picture.width / level.width, y: picture.height / level.height };
    const faces: FaceBox[] = [];
    for (const y of offsets(level.height)) {
      for (const x of offsets(level.width)) {
        const corner = { x, y };
        // One window at a time: a batch is not faster, and its memory stays with the process.
        const image = window(level, corner);
        const outputs = await runNetwork<DetectorOutputs>(this.#session, { image });
        faces.push(...read(outputs, corner, factor));
      }
    }
    return faces;
  }
}

/**
 * Where windows start along a side: one in the middle of a short side, else so near to each other that what only this
 * level finds (twice `SMALLEST`, and some surroundings) lies in one of them as a whole.
 */
function offsets(length: number): number[] {
  const room = length - SIDE;
  if (room <= 0) return [Math.floor(room / 2)];
  const steps = Math.ceil(room / (SIDE - OVERLAP));
  return Array.from({ length: steps + 1 }, (_, index) => Math.round((index * room) / steps));
}

/** The window at `corner`, copied row by row (one memcpy each); black outside the picture. */
function window(picture: RawImage, corner: Point): RawImage {
  const data = new Uint8Array(SIDE * SIDE * 3);
  const left = Math.max(0, corner.x);
  const right = Math.min(picture.width, corner.x + SIDE);
  for (let y = Math.max(0, corner.y); y < Math.min(picture.height, corner.y + SIDE); y++) {
    const row = picture.data.subarray((y * picture.width + left) * 3, (y * picture.width + right) * 3);
    data.set(row, ((y - corner.y) * SIDE + left - corner.x) * 3);
  }
  return { data, width: SIDE, height: SIDE, channels: 3 };
}

/** The faces of one window, in pixels of the picture; `factor` = picture / level. */
function read({ boxes, scores }: DetectorOutputs, corner: Point, factor: Point): FaceBox[] {
  const faces: FaceBox[] = [];
  for (let index = 0; index < scores.length; index++) {
    const logit = scores[index] as number;
    if (logit < SCORE_LOGIT) continue;
    const score = sigmoid(logit);
    const anchor = ANCHORS[index] as Point;
    const value = (offset: number) => boxes[index * VALUES + offset] as number;
    // The network speaks of pixel edges, everything here of pixel centres: hence the half.
    const point = (offset: number): Point => ({
      x: (value(offset) + anchor.x + corner.x) * factor.x - 0.5,
      y: (value(offset + 1) + anchor.y + corner.y) * factor.y - 0.5,
    });
    const size = Math.max(value(2) * factor.x, value(3) * factor.y);
    faces.push({ score, centre: point(0), size, leftEye: point(4), rightEye: point(6) });
  }
  return faces;
}

/** Non-maximum suppression: drops what lies within half a face of a better one; largest first. */
function distinct(faces: readonly FaceBox[]): FaceBox[] {
  const kept: FaceBox[] = [];
  for (const face of [...faces].sort((one, other) => other.score - one.score)) {
    if (
      kept.every((better) => distance(face.centre, better.centre) >= Math.max(face.size, better.size) / 2)
    ) {
      kept.push(face);
    }
  }
  return kept.sort((one, other) => other.size - one.size);
}

/** Anchor centres in pixels of the 128 picture: two per cell of a 16 x 16 grid, then six per cell of an 8 x 8 grid. */
function anchors(): readonly Point[] {
  return [
    { cells: 16, each: 2 },
    { cells: 8, each: 6 },
  ].flatMap(({ cells, each }) =>
    Array.from({ length: cells * cells * each }, (_, index) => {
      const cell = Math.floor(index / each);
      return {
        x: (((cell % cells) + 0.5) * SIDE) / cells,
        y: ((Math.floor(cell / cells) + 0.5) * SIDE) / cells,
      };
    }),
  );
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
