/**
 * Resizing and blurring as libvips does them, so that a photo gives the same cartoon in a browser as on a server: the same filters, in
 * the same order, with the same rounding to bytes in between (libvips 8.17: `resample/reduce*.cpp`, `resample/bicubic.cpp`, `create/gaussmat.c`).
 *
 * All of it is separable: a filter for every target column or row, applied along one axis. Positions are rounded to 64ths of a pixel, and
 * what lies beyond an edge is as the edge.
 */
import type { RawImage, Size } from '../../../inference/image/raw-image.ts';

/** Positions between two pixels that libvips has filters for. */
const POSITIONS = 64;
/** A picture that shrinks by more than twice this is first averaged in whole blocks. */
const GAP = 2;
/** Lobes of the Lanczos filter. */
const LOBES = 3;
/** Blur: what weighs less than this is left out. */
const LEAST_WEIGHT = 0.2;
/** Blur: weights are whole 20ths. */
const WEIGHT_STEPS = 20;
/** What 1 is in the fixed-point numbers of its convolution. */
const FIXED_POINT = 128;

/** For every target sample: the first source sample, and the weights of it and those after it. */
interface Filter {
  readonly taps: number;
  /** One per target sample; may be negative or reach beyond the end. */
  readonly first: Int32Array;
  /** `taps` per target sample; they add up to 1. */
  readonly weights: Float32Array;
}

/** To another size, whatever the proportions: averaged blocks and Lanczos 3 down, bicubic (Catmull-Rom) up. */
export function resized(picture: RawImage, { width, height }: Size): RawImage {
  let result = picture;
  result = along(result, 'y', height);
  return along(result, 'x', width);
}

function along(picture: RawImage, axis: Axis, target: number): RawImage {
  const length = axis === 'x' ? picture.width : picture.height;
  if (target === length) return picture;
  if (target > length) return filtered(picture, axis, bicubic(length, target));
  const block = Math.max(1, Math.floor(length / target / GAP));
  const blocks = block > 1 ? averaged(picture, axis, block) : picture;
  // The last block may be a part of one.
  const rest = length / block / target;
  const count = axis === 'x' ? blocks.width : blocks.height;
  return rest === 1 && count === target ? blocks : filtered(blocks, axis, lanczos(rest, target));
}

/** Blurred by a Gaussian of standard deviation `sigma`, in pixels. */
export function blurred(picture: RawImage, sigma: number): RawImage {
  const side: number[] = [];
  for (let x = 0; ; x++) {
    const weight = Math.exp(-(x * x) / (2 * sigma * sigma));
    if (weight < LEAST_WEIGHT) break;
    side.push(Math.round(WEIGHT_STEPS * weight));
  }
  const mask = [...side.slice(1).reverse(), ...side];
  const sum = mask.reduce((all, weight) => all + weight, 0);
  // libvips reckons with whole numbers of 8 bits: so its blur may be darker by up to two in a hundred.
  const unit = 2 ** Math.ceil(Math.log2((side[0] as number) / sum) + 1) / FIXED_POINT;
  const weights = mask.map((weight) => Math.round(weight / sum / unit) * unit);
  const filterOf = (length: number): Filter => ({
    taps: mask.length,
    first: Int32Array.from({ length }, (_, i) => i - side.length + 1),
    weights: Float32Array.from(
      { length: length * mask.length },
      (_, i) => weights[i % mask.length] as number,
    ),
  });
  return filtered(filtered(picture, 'x', filterOf(picture.width)), 'y', filterOf(picture.height));
}

function filterOf(
  target: number,
  taps: number,
  placeOf: (index: number) => number,
  weightsAt: (fraction: number) => readonly number[],
  reach: number,
): Filter {
  const first = new Int32Array(target);
  const weights = new Float32Array(target * taps);
  const table = new Map<number, readonly number[]>();
  for (let i = 0; i < target; i++) {
    const place = Math.round(placeOf(i) * POSITIONS);
    const whole = Math.floor(place / POSITIONS);
    const fraction = place - whole * POSITIONS;
    const found = table.get(fraction) ?? weightsAt(fraction / POSITIONS);
    table.set(fraction, found);
    first[i] = whole - reach;
    weights.set(found, i * taps);
  }
  return { taps, first, weights };
}

/** @param factor source samples per target sample, more than 1 */
function lanczos(factor: number, target: number): Filter {
  const reach = Math.ceil(LOBES * factor);
  const taps = 2 * reach + 1;
  const weightsAt = (fraction: number) => {
    const raw = Array.from({ length: taps }, (_, i) => lanczosAt((i - reach - fraction) / factor));
    const sum = raw.reduce((all, weight) => all + weight, 0);
    return raw.map((weight) => weight / sum);
  };
  return filterOf(target, taps, (i) => (i + 0.5) * factor - 0.5, weightsAt, reach);
}

function lanczosAt(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (Math.sin(angle) / angle) * (Math.sin(angle / LOBES) / (angle / LOBES));
}

function bicubic(length: number, target: number): Filter {
  const factor = length / target;
  const weightsAt = (t: number) => [
    ((-0.5 * t + 1) * t - 0.5) * t,
    (1.5 * t - 2.5) * t * t + 1,
    ((-1.5 * t + 2) * t + 0.5) * t,
    (0.5 * t - 0.5) * t * t,
  ];
  // libvips shifts what it enlarges by half a pixel of the source; whoever wants its pictures wants that, too.
  return filterOf(target, 4, (i) => i * factor - 0.5, weightsAt, 1);
}

type Axis = 'x' | 'y';

/** The mean of every `block` samples along an axis. */
function averaged({ data, width, height, channels }: RawImage, axis: Axis, block: number): RawImage {
  const row = width * channels;
  if (axis === 'y') {
    const rows = Math.ceil(height / block);
    const out = new Uint8Array(rows * row);
    const sums = new Uint32Array(row);
    for (let y = 0; y < rows; y++) {
      sums.fill(block >> 1);
      for (let i = 0; i < block; i++) {
        const start = Math.min(height - 1, y * block + i) * row;
        for (let x = 0; x < row; x++) sums[x] = (sums[x] as number) + (data[start + x] as number);
      }
      const to = y * row;
      for (let x = 0; x < row; x++) out[to + x] = (sums[x] as number) / block;
    }
    return { data: out, width, height: rows, channels };
  }
  const columns = Math.ceil(width / block);
  const out = new Uint8Array(columns * channels * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = block >> 1;
        for (let i = 0; i < block; i++) {
          sum += data[y * row + Math.min(width - 1, x * block + i) * channels + c] as number;
        }
        out[to++] = sum / block;
      }
    }
  }
  return { data: out, width: columns, height, channels };
}

function filtered(picture: RawImage, axis: Axis, filter: Filter): RawImage {
  return axis === 'y' ? filteredRows(picture, filter) : filteredColumns(picture, filter);
}

/** Whole rows are weighted and added. */
function filteredRows(
  { data, width, height, channels }: RawImage,
  { taps, first, weights }: Filter,
): RawImage {
  const row = width * channels;
  const target = first.length;
  const out = new Uint8ClampedArray(row * target);
  const sums = new Float32Array(row);
  for (let y = 0; y < target; y++) {
    sums.fill(0);
    for (let tap = 0; tap < taps; tap++) {
      const weight = weights[y * taps + tap] as number;
      if (weight === 0) continue;
      const from = Math.min(height - 1, Math.max(0, (first[y] as number) + tap)) * row;
      for (let x = 0; x < row; x++) sums[x] = (sums[x] as number) + weight * (data[from + x] as number);
    }
    out.set(sums, y * row);
  }
  return { data: new Uint8Array(out.buffer), width, height: target, channels };
}

function filteredColumns(
  { data, width, height, channels }: RawImage,
  { taps, first, weights }: Filter,
): RawImage {
  const row = width * channels;
  const target = first.length;
  const out = new Uint8ClampedArray(target * channels * height);
  for (let y = 0; y < height; y++) {
    const start = y * row;
    for (let x = 0; x < target; x++) {
      const left = first[x] as number;
      const inside = left >= 0 && left + taps <= width;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let tap = 0; tap < taps; tap++) {
          const column = inside ? left + tap : Math.min(width - 1, Math.max(0, left + tap));
          sum += (weights[x * taps + tap] as number) * (data[start + column * channels + c] as number);
        }
        out[(y * target + x) * channels + c] = sum;
      }
    }
  }
  return { data: new Uint8Array(out.buffer), width: target, height, channels };
}
