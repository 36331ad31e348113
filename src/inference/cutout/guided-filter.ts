/**
 * The guided filter (He, Sun and Tang 2010) for one channel: an alpha mask takes over the edges of the photo it belongs to.
 * The loops are in `kernels/guided.ts`.
 */
import type { Kernels } from '../image/kernels.ts';
import { blank, type RawImage } from '../image/raw-image.ts';

/** Rows that are filtered at a time, which bounds the memory of the kernel. */
const STRIP = 128;
/** Planes of the kernel, of f32, and the row of sums. */
const PLANES = 5;

export interface GuidedFilterOptions {
  /** Of the square windows, in pixels. */
  readonly radius: number;
  /** What counts as an edge: variances (of brightness 0..1) well over it are kept. */
  readonly epsilon: number;
  /** Filtered values (0..1) up to the first are told to be 0, those from the second on 1. Default [0, 1]. */
  readonly range?: readonly [number, number];
}

/**
 * @param mask one channel, as large as `guide`
 * @param guide RGB; its brightness guides
 * @returns one channel
 */
export function guidedFilter(
  mask: RawImage,
  guide: RawImage,
  kernels: Kernels,
  { radius, epsilon, range: [low, high] = [0, 1] }: GuidedFilterOptions,
): RawImage {
  const { width, height } = guide;
  const out = blank(guide, 1, 0);
  // The means of means reach this far.
  const reach = 2 * radius;
  const rows = Math.min(height, STRIP + 2 * reach);
  const stride = 4 * ((width + 3) & -4);
  const pixels = width * rows;
  const [photo, alpha, planes, filtered] = kernels.areas(
    3 * pixels,
    pixels,
    stride * (PLANES * rows + 1),
    pixels,
  );
  for (let top = 0; top < height; top += STRIP) {
    const first = Math.max(0, top - reach);
    const end = Math.min(height, top + STRIP + reach);
    kernels.write(photo, guide.data.subarray(3 * width * first, 3 * width * end));
    kernels.write(alpha, mask.data.subarray(width * first, width * end));
    kernels.run.guided(photo, alpha, width, end - first, radius, epsilon, low, high, planes, filtered);
    const last = Math.min(height, top + STRIP);
    const inside = kernels.bytes(filtered + width * (top - first), width * (last - top));
    out.data.set(inside, width * top);
  }
  return out;
}
