/**
 * The guided filter (He, Sun and Tang 2010) for one channel: an alpha mask takes over the edges of the photo it belongs to.
 *
 * Loops in JavaScript, in the worker process: 448 x 600 pixels take about 20 ms, and only cut-outs need it.
 */
import type { RawImage } from '../image/raw-image.ts';

/**
 * @param mask 0..1, one value per pixel of `guide`
 * @param guide RGB; its brightness guides
 * @param radius of the square windows, in pixels
 * @param epsilon what counts as an edge: variances (of brightness 0..1) well over it are kept
 * @returns 0..1
 */
export function guidedFilter(
  mask: Float32Array,
  guide: RawImage,
  radius: number,
  epsilon: number,
): Float32Array {
  const { width, height, data } = guide;
  const count = width * height;
  const light = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = 3 * i;
    // Rec. 601
    light[i] =
      (0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number)) /
      255;
  }
  const mean = (values: Float32Array) => boxMean(values, width, height, radius);
  const product = (one: Float32Array, other: Float32Array) =>
    one.map((value, i) => value * (other[i] as number));
  const [meanLight, meanMask] = [mean(light), mean(mask)];
  const [meanSquare, meanProduct] = [mean(product(light, light)), mean(product(light, mask))];
  const gain = new Float32Array(count);
  const offset = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [l, m] = [meanLight[i] as number, meanMask[i] as number];
    const covariance = (meanProduct[i] as number) - l * m;
    const variance = (meanSquare[i] as number) - l * l;
    const a = covariance / (variance + epsilon);
    gain[i] = a;
    offset[i] = m - a * l;
  }
  const [smoothGain, smoothOffset] = [mean(gain), mean(offset)];
  return light.map((value, i) =>
    Math.min(1, Math.max(0, (smoothGain[i] as number) * value + (smoothOffset[i] as number))),
  );
}

/** Mean over squares of `2 radius + 1`, which end at the picture's edge. */
function boxMean(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const rows = new Float32Array(values.length);
  for (let y = 0; y < height; y++) line(values, rows, y * width, 1, width, radius);
  const out = new Float32Array(values.length);
  for (let x = 0; x < width; x++) line(rows, out, x, width, height, radius);
  return out;
}

/** One row or column by a running sum. */
function line(
  from: Float32Array,
  to: Float32Array,
  start: number,
  step: number,
  length: number,
  radius: number,
): void {
  let sum = 0;
  for (let i = 0; i < Math.min(radius, length); i++) sum += from[start + i * step] as number;
  for (let i = 0; i < length; i++) {
    if (i + radius < length) sum += from[start + (i + radius) * step] as number;
    if (i > radius) sum -= from[start + (i - radius - 1) * step] as number;
    const count = Math.min(i + radius, length - 1) - Math.max(i - radius, 0) + 1;
    to[start + i * step] = sum / count;
  }
}
