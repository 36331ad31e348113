/** Turning, scaling and shifting pictures at once, to a fraction of a pixel. */

import { apply, invert, type Point, type Similarity, scaleOf } from '../faces/similarity.ts';
import { type Border, crop, extend, type Sides } from './frame.ts';
import { fixedPoint, type Kernels } from './kernels.ts';
import { type Box, blank, clip, type RawImage, resizedPart, type Size } from './raw-image.ts';

/** The smallest whole-pixel box around where `matrix` takes a picture of `size`, `margin` pixels wider on each side. */
export function coveredBox(matrix: Similarity, size: Size, margin: number): Box {
  const corners = [-0.5, size.width - 0.5].flatMap((x) =>
    [-0.5, size.height - 0.5].map((y) => apply(matrix, { x, y })),
  );
  const left = Math.floor(Math.min(...corners.map(({ x }) => x)) - margin);
  const top = Math.floor(Math.min(...corners.map(({ y }) => y)) - margin);
  const right = Math.ceil(Math.max(...corners.map(({ x }) => x)) + margin);
  const bottom = Math.ceil(Math.max(...corners.map(({ y }) => y)) + margin);
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Source pixels beyond the target's edge that bicubic and Lanczos 3 can reach, at the target's scale. */
const FILTER_REACH = 4;
/** Pixels of border that the sampling kernel wants on each side. */
const RING = 2;

export class Warper {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /**
   * Samples an RGB picture (bicubic) into a target of `size` pixels; `matrix` takes source pixels to target pixels.
   *
   * Only the part of the source that the target shows is read. Where the picture shrinks, that part is first resized
   * (Lanczos 3) to the target's scale, so that the sampling never skips pixels.
   */
  async warp(picture: RawImage, matrix: Similarity, size: Size, border: Border): Promise<RawImage> {
    const grey = border === 'mirror' ? 0 : border;
    const shrink = Math.min(1, scaleOf(matrix));
    const back = invert(matrix);
    const covered = coveredBox(back, size, Math.ceil(FILTER_REACH / shrink));
    const region = clip(covered, picture);
    if (!region) return blank(size, 3, grey);

    const width = Math.max(1, Math.round(region.width * shrink));
    const height = Math.max(1, Math.round(region.height * shrink));
    // Exact factors after rounding, x and y.
    const [fx, fy] = [region.width / width, region.height / height];
    const sides = ringed(border === 'mirror' ? surroundings(covered, region, fx, fy) : NOTHING);
    const part = shrink < 1 ? await resizedPart(picture, region, { width, height }) : crop(picture, region);
    const source = extend(part, sides, border);
    // From pixels of the picture to pixels of `source`. (A resize by f keeps edges, so it takes pixel i to the source
    // coordinate (i + 0.5) * f - 0.5.)
    const place = ({ x, y }: Point): Point => ({
      x: (x - region.left + 0.5) / fx - 0.5 + sides.left,
      y: (y - region.top + 0.5) / fy - 0.5 + sides.top,
    });
    const step = { x: back.a / fx, y: back.b / fy };
    return this.#sample(source, size, (y) => place(apply(back, { x: 0, y })), step);
  }

  /** @param start where in `source` the first pixel of row `y` is taken; @param step from one to the next */
  #sample(source: RawImage, size: Size, start: (y: number) => Point, step: Point): RawImage {
    const { run } = this.#kernels;
    const row = size.width * 3;
    const [pixels, out] = this.#kernels.areas(source.data.length, row * size.height);
    this.#kernels.write(pixels, source.data);
    for (let y = 0; y < size.height; y++) {
      const { x: u, y: v } = start(y);
      run.sampleRow(
        pixels,
        source.width,
        source.height,
        fixedPoint(u),
        fixedPoint(v),
        fixedPoint(step.x),
        fixedPoint(step.y),
        out + y * row,
        size.width,
      );
    }
    return { ...size, channels: 3, data: this.#kernels.bytes(out, row * size.height).slice() };
  }
}

const NOTHING: Sides = { left: 0, top: 0, right: 0, bottom: 0 };

function ringed({ left, top, right, bottom }: Sides): Sides {
  return { left: left + RING, top: top + RING, right: right + RING, bottom: bottom + RING };
}

/** How much of `covered` lies beyond each side of `region`, in pixels that are `fx` by `fy` source pixels large. */
function surroundings(covered: Box, region: Box, fx: number, fy: number): Sides {
  const sides = {
    left: Math.ceil((region.left - covered.left) / fx),
    top: Math.ceil((region.top - covered.top) / fy),
    right: Math.ceil((covered.left + covered.width - region.left - region.width) / fx),
    bottom: Math.ceil((covered.top + covered.height - region.top - region.height) / fy),
  };
  return Object.values(sides).some((pixels) => pixels > 0) ? sides : NOTHING;
}
