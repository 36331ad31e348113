/**
 * The guided filter (He, Sun and Tang 2010) for one channel: an alpha mask takes over the edges of the photo it belongs to.
 * `src/inference/cutout/guided-filter.ts` says what for. Planes are f32, one value per pixel, without borders.
 */

/** Adds (`sign` 1) or takes away (-1) a row to sums of columns. */
// @ts-ignore: decorator
@inline
function count(sums: usize, row: usize, bytes: usize, sign: f32): void {
  const signs = f32x4.splat(sign);
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(sums + i, f32x4.add(v128.load(sums + i), f32x4.mul(signs, v128.load(row + i))));
  }
}

/**
 * Mean over squares of `2 radius + 1`, which end at the picture's edge; in place. `length` is the width in whole vectors,
 * `other` a plane, `sums` a row.
 */
function boxMean(plane: usize, other: usize, sums: usize, width: i32, length: i32, height: i32, radius: i32): void {
  const bytes = usize(length) << 2;
  memory.fill(sums, 0, bytes);
  for (let y = 0; y < min(radius, height); y++) count(sums, plane + usize(y) * bytes, bytes, 1);
  for (let y = 0; y < height; y++) {
    if (y + radius < height) count(sums, plane + usize(y + radius) * bytes, bytes, 1);
    if (y > radius) count(sums, plane + usize(y - radius - 1) * bytes, bytes, -1);
    const rows = min(y + radius, height - 1) - max(y - radius, 0) + 1;
    const share = f32x4.splat(1 / f32(rows));
    const row = other + usize(y) * bytes;
    for (let i: usize = 0; i < bytes; i += 16) v128.store(row + i, f32x4.mul(share, v128.load(sums + i)));
  }
  for (let y = 0; y < height; y++) {
    const row = other + usize(y) * bytes;
    const out = plane + usize(y) * bytes;
    let sum: f32 = 0;
    for (let x = 0; x < min(radius, width); x++) sum += load<f32>(row + (usize(x) << 2));
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += load<f32>(row + (usize(x + radius) << 2));
      if (x > radius) sum -= load<f32>(row + (usize(x - radius - 1) << 2));
      const columns = min(x + radius, width - 1) - max(x - radius, 0) + 1;
      store<f32>(out + (usize(x) << 2), sum / f32(columns));
    }
  }
}

/**
 * @param guide RGB; its brightness guides
 * @param mask 0..255, one byte per pixel
 * @param radius of the square windows, in pixels
 * @param epsilon what counts as an edge: variances (of brightness 0..1) well over it are kept
 * @param low where the result (0..1) is told to be 0, and `high` where 1: the filter leaves a haze round an edge
 * @param planes room for five planes and a row, of rows of whole vectors of four
 * @param out 0..255, one byte per pixel
 */
export function guided(
  guide: usize,
  mask: usize,
  width: i32,
  height: i32,
  radius: i32,
  epsilon: f32,
  low: f32,
  high: f32,
  planes: usize,
  out: usize,
): void {
  const length = (width + 3) & -4;
  const bytes = (usize(length) << 2) * usize(height);
  const light = planes;
  const value = planes + bytes;
  const square = planes + 2 * bytes;
  const product = planes + 3 * bytes;
  const other = planes + 4 * bytes;
  const sums = planes + 5 * bytes;
  memory.fill(planes, 0, 5 * bytes);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = usize(y * length + x) << 2;
      const pixel = guide + 3 * usize(y * width + x);
      // Rec. 601
      const l: f32 =
        (0.299 * f32(load<u8>(pixel)) + 0.587 * f32(load<u8>(pixel, 1)) + 0.114 * f32(load<u8>(pixel, 2))) / 255;
      const m: f32 = f32(load<u8>(mask + usize(y * width + x))) / 255;
      store<f32>(light + at, l);
      store<f32>(value + at, m);
      store<f32>(square + at, l * l);
      store<f32>(product + at, l * m);
    }
  }
  boxMean(light, other, sums, width, length, height, radius);
  boxMean(value, other, sums, width, length, height, radius);
  boxMean(square, other, sums, width, length, height, radius);
  boxMean(product, other, sums, width, length, height, radius);
  const least = f32x4.splat(epsilon);
  for (let at: usize = 0; at < bytes; at += 16) {
    const l = v128.load(light + at);
    const m = v128.load(value + at);
    const covariance = f32x4.sub(v128.load(product + at), f32x4.mul(l, m));
    const variance = f32x4.sub(v128.load(square + at), f32x4.mul(l, l));
    const gain = f32x4.div(covariance, f32x4.add(variance, least));
    v128.store(square + at, gain);
    v128.store(product + at, f32x4.sub(m, f32x4.mul(gain, l)));
  }
  boxMean(square, other, sums, width, length, height, radius);
  boxMean(product, other, sums, width, length, height, radius);
  const slope: f32 = 1 / (high - low);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = usize(y * length + x) << 2;
      const pixel = guide + 3 * usize(y * width + x);
      const l: f32 =
        (0.299 * f32(load<u8>(pixel)) + 0.587 * f32(load<u8>(pixel, 1)) + 0.114 * f32(load<u8>(pixel, 2))) / 255;
      const refined: f32 = load<f32>(square + at) * l + load<f32>(product + at);
      const opaque: f32 = min<f32>(1, max<f32>(0, (refined - low) * slope));
      store<u8>(out + usize(y * width + x), u8(nearest<f32>(255 * opaque)));
    }
  }
}
