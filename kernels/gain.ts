/**
 * Where a cartoon follows its photo: `src/inference/drawing/detail-transfer.ts` says what for.
 *
 * The gain of a pixel is the slope of a linear regression of the cartoon's brightness on the photo's in a window round it,
 * times the squared correlation there: a slope that explains little of the cartoon would only bring back the photo. The
 * mean of that over the window is taken, as the guided filter does (He, Sun and Tang 2013).
 *
 * Planes have one value per pixel and `BORDER` more on each side, which repeat the pixels at the edge; a row of a plane is
 * `stride(width)` values long. Sums of brightness (red + green + blue) are whole numbers and exact.
 */

/** Window of 5 x 5 pixels of the drawing: smaller is noisy, larger mixes an eye with its lid. */
const BORDER: i32 = 2;
const PIXELS: f32 = 25;
/**
 * Variance below which the photo is called flat, so that sensor noise stays out of smooth areas: 12 squared grey levels;
 * times 9, for brightness is the sum of three, and times the square of `PIXELS`, which sums are not divided by.
 */
const FLAT: f32 = 12 * 9 * PIXELS * PIXELS;
/** More contrast than the photo's would show its noise. */
const HIGHEST: f32 = 1.5;

/** Length of a row of a plane: whole vectors, also where one starts at the last pixel. */
export function stride(width: i32): i32 {
  return (width + 2 * BORDER + 7) & -4;
}

/** Repeats the first and the last pixel of a row of `size` byte values into its border. */
// @ts-ignore: decorator
@inline
function fill<T>(row: usize, width: i32, length: i32): void {
  const size = i32(sizeof<T>());
  const first = load<T>(row + BORDER * size);
  for (let i = 0; i < BORDER; i++) store<T>(row + i * size, first);
  const last = load<T>(row + (BORDER + width - 1) * size);
  for (let i = BORDER + width; i < length; i++) store<T>(row + i * size, last);
}

/** Brightness of a picture as a plane of i16. */
export function brightness(picture: usize, plane: usize, width: i32, height: i32): void {
  const length = stride(width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = i32(load<u8>(picture)) + i32(load<u8>(picture, 1)) + i32(load<u8>(picture, 2));
      store<i16>(plane + ((BORDER + x) << 1), i16(sum));
      picture += 3;
    }
    fill<i16>(plane, width, length);
    plane += length << 1;
  }
}

/** Adds (`sign` 1) or takes away (-1) a row's x, y, xx, yy and xy; `sums` are five rows of i32. */
// @ts-ignore: decorator
@inline
function count(x: usize, y: usize, sums: usize, length: i32, sign: i32): void {
  const signs = i32x4.splat(sign);
  const bytes = usize(length) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const a = i32x4.extend_low_i16x8_s(v128.load64_zero(x + (i >> 1)));
    const b = i32x4.extend_low_i16x8_s(v128.load64_zero(y + (i >> 1)));
    const signedA = i32x4.mul(a, signs);
    const signedB = i32x4.mul(b, signs);
    const at = sums + i;
    v128.store(at, i32x4.add(v128.load(at), signedA));
    v128.store(at + bytes, i32x4.add(v128.load(at + bytes), signedB));
    v128.store(at + 2 * bytes, i32x4.add(v128.load(at + 2 * bytes), i32x4.mul(a, signedA)));
    v128.store(at + 3 * bytes, i32x4.add(v128.load(at + 3 * bytes), i32x4.mul(b, signedB)));
    v128.store(at + 4 * bytes, i32x4.add(v128.load(at + 4 * bytes), i32x4.mul(a, signedB)));
  }
}

/** Sum of five neighbours, for four pixels, as f32. */
// @ts-ignore: decorator
@inline
function across(sums: usize): v128 {
  const outer = i32x4.add(v128.load(sums), v128.load(sums, 16));
  const inner = i32x4.add(v128.load(sums, 4), v128.load(sums, 12));
  return f32x4.convert_i32x4_s(i32x4.add(i32x4.add(outer, inner), v128.load(sums, 8)));
}

/** n * sum(pq) - sum(p) * sum(q): the (co)variance in the window, times n squared. */
// @ts-ignore: decorator
@inline
function spread(pq: v128, p: v128, q: v128): v128 {
  return f32x4.sub(f32x4.mul(f32x4.splat(PIXELS), pq), f32x4.mul(p, q));
}

/** Slope times squared correlation, as a plane of f32, from two planes of brightness; `sums` is room for five rows. */
export function regress(x: usize, y: usize, width: i32, height: i32, sums: usize, plane: usize): void {
  const length = stride(width);
  const row = usize(length) << 1;
  const bytes = usize(length) << 2;
  memory.fill(sums, 0, 5 * bytes);
  for (let i = -BORDER; i < BORDER; i++) {
    const at = usize(max(0, min(height - 1, i))) * row;
    count(x + at, y + at, sums, length, 1);
  }
  const flat = f32x4.splat(FLAT);
  const zero = f32x4.splat(0);
  for (let i = 0; i < height; i++) {
    const next = usize(min(height - 1, i + BORDER)) * row;
    count(x + next, y + next, sums, length, 1);
    for (let at: usize = 0; at < usize(width) << 2; at += 16) {
      const sx = across(sums + at);
      const sy = across(sums + bytes + at);
      const covariance = f32x4.max(spread(across(sums + 4 * bytes + at), sx, sy), zero);
      const slope = f32x4.div(covariance, f32x4.add(spread(across(sums + 2 * bytes + at), sx, sx), flat));
      const back = f32x4.div(covariance, f32x4.add(spread(across(sums + 3 * bytes + at), sy, sy), flat));
      // slope * back is the squared correlation.
      v128.store(plane + (BORDER << 2) + at, f32x4.mul(slope, f32x4.mul(slope, back)));
    }
    fill<f32>(plane, width, length);
    plane += bytes;
    const previous = usize(max(0, i - BORDER)) * row;
    count(x + previous, y + previous, sums, length, -1);
  }
}

/** Mean over the window, at most `HIGHEST`: f32 per pixel, without borders. `line` is room for a row of the plane. */
export function smooth(plane: usize, width: i32, height: i32, line: usize, out: usize): void {
  const length = stride(width);
  const bytes = usize(length) << 2;
  const share = f32x4.splat(1 / PIXELS);
  const highest = f32x4.splat(HIGHEST);
  for (let y = 0; y < height; y++) {
    for (let at: usize = 0; at < bytes; at += 16) {
      let sum = f32x4.splat(0);
      for (let i = -BORDER; i <= BORDER; i++) {
        sum = f32x4.add(sum, v128.load(plane + usize(max(0, min(height - 1, y + i))) * bytes + at));
      }
      v128.store(line + at, sum);
    }
    for (let at: usize = 0; at < usize(width) << 2; at += 16) {
      const outer = f32x4.add(v128.load(line + at), v128.load(line + at, 16));
      const inner = f32x4.add(v128.load(line + at, 4), v128.load(line + at, 12));
      const sum = f32x4.add(f32x4.add(outer, inner), v128.load(line + at, 8));
      v128.store(out + at, f32x4.min(f32x4.mul(sum, share), highest));
    }
    out += usize(width) << 2;
  }
}
