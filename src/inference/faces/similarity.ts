/**
 * Similarities: scale, rotation and shift of the plane, without mirroring.
 *
 * Coordinates are pixel-index coordinates everywhere in `src/inference`: (0, 0) is the centre of the top left
 * pixel, x to the right, y down. This is the convention of libvips' affine, of OpenCV and of the original
 * DCT-Net pipeline, from which the face template comes.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Takes (x, y) to (a*x - b*y + tx, b*x + a*y + ty). */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

export function apply({ a, b, tx, ty }: Similarity, { x, y }: Point): Point {
  return { x: a * x - b * y + tx, y: b * x + a * y + ty };
}

/** Target pixels per source pixel. */
export function scaleOf({ a, b }: Similarity): number {
  return Math.hypot(a, b);
}

export function invert({ a, b, tx, ty }: Similarity): Similarity {
  const power = a * a + b * b;
  const [ia, ib] = [a / power, -b / power];
  return { a: ia, b: ib, tx: -(ia * tx - ib * ty), ty: -(ib * tx + ia * ty) };
}

/** The similarity that does `first`, then `second`. */
export function followedBy(first: Similarity, second: Similarity): Similarity {
  const moved = apply(second, { x: first.tx, y: first.ty });
  return {
    a: second.a * first.a - second.b * first.b,
    b: second.b * first.a + second.a * first.b,
    tx: moved.x,
    ty: moved.y,
  };
}

/** The similarity that first does `first`, then moves the result by (`x`, `y`). */
export function shifted(first: Similarity, x: number, y: number): Similarity {
  return { ...first, tx: first.tx + x, ty: first.ty + y };
}

/**
 * `matrix` for a source that was resized to a `factor`-th of its size: one of its pixels covers `factor` old ones.
 * (A resize keeps edges, so it takes pixel i to the old coordinate (i + 0.5) * factor - 0.5.)
 */
export function fromResized(matrix: Similarity, factor: number): Similarity {
  const corner = apply(matrix, { x: (factor - 1) / 2, y: (factor - 1) / 2 });
  return { a: matrix.a * factor, b: matrix.b * factor, tx: corner.x, ty: corner.y };
}

/** `matrix` for a target that is resized to a `factor`-th of its size; the counterpart of `fromResized`. */
export function toResized(matrix: Similarity, factor: number): Similarity {
  return invert(fromResized(invert(matrix), factor));
}

/**
 * Least-squares similarity that takes the points of `source` to those of `target` (closed form, Umeyama 1991
 * in two dimensions).
 */
export function fitSimilarity(source: readonly Point[], target: readonly Point[]): Similarity {
  const from = mean(source);
  const to = mean(target);
  let power = 0;
  let dot = 0;
  let cross = 0;
  for (const [index, point] of source.entries()) {
    const image = target[index] as Point;
    const [sx, sy, tx, ty] = [point.x - from.x, point.y - from.y, image.x - to.x, image.y - to.y];
    power += sx * sx + sy * sy;
    dot += sx * tx + sy * ty;
    cross += sx * ty - sy * tx;
  }
  const [a, b] = [dot / power, cross / power];
  return { a, b, tx: to.x - (a * from.x - b * from.y), ty: to.y - (b * from.x + a * from.y) };
}

/**
 * The similarity that turns by `angle` (radians; the direction (cos, sin) becomes horizontal), scales by `scale`
 * and takes `centre` to the middle of a square of `side` pixels.
 */
export function centred(centre: Point, angle: number, scale: number, side: number): Similarity {
  const linear = { a: scale * Math.cos(angle), b: -scale * Math.sin(angle), tx: 0, ty: 0 };
  const moved = apply(linear, centre);
  return shifted(linear, (side - 1) / 2 - moved.x, (side - 1) / 2 - moved.y);
}

export function mean(points: readonly Point[]): Point {
  let [x, y] = [0, 0];
  for (const point of points) {
    x += point.x;
    y += point.y;
  }
  return { x: x / points.length, y: y / points.length };
}

export function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
