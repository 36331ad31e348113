/** Bicubic sampling along a line through a picture: the inner loop of `src/inference/image/warp.ts`. */

import { pixel, put } from './pixel';

/** Catmull-Rom weights of the four pixels round a place, `t` after the second one; what libvips calls bicubic. */
// @ts-ignore: decorator
@inline
function weights(t: f32): v128 {
  const w0: f32 = ((-0.5 * t + 1) * t - 0.5) * t;
  const w1: f32 = (1.5 * t - 2.5) * t * t + 1;
  const w2: f32 = ((-1.5 * t + 2) * t + 0.5) * t;
  const w3: f32 = (0.5 * t - 0.5) * t * t;
  return f32x4.replace_lane(
    f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(w0), 1, w1), 2, w2),
    3,
    w3,
  );
}

/** A pixel of three bytes (and one of the next) as f32, times a weight. */
// @ts-ignore: decorator
@inline
function part(at: usize, weight: f32): v128 {
  return f32x4.mul(f32x4.convert_i32x4_u(pixel(at)), f32x4.splat(weight));
}

/** Four pixels of a row, weighted. */
// @ts-ignore: decorator
@inline
function across(at: usize, w: v128): v128 {
  const left = f32x4.add(part(at, f32x4.extract_lane(w, 0)), part(at + 3, f32x4.extract_lane(w, 1)));
  const right = f32x4.add(part(at + 6, f32x4.extract_lane(w, 2)), part(at + 9, f32x4.extract_lane(w, 3)));
  return f32x4.add(left, right);
}

/**
 * Writes `count` pixels; the first is taken at (u, v), each next one a step further, in 65536ths of a pixel.
 * @param picture RGB, at least 4 x 4. What lies outside is as its second outermost pixels.
 */
export function sampleRow(
  picture: usize,
  width: i32,
  height: i32,
  u: i32,
  v: i32,
  stepU: i32,
  stepV: i32,
  out: usize,
  count: i32,
): void {
  const stride = usize(width) * 3;
  const lastU = (width - 2) << 16;
  const lastV = (height - 2) << 16;
  for (let i = 0; i < count; i++) {
    const x = max(1 << 16, min(lastU, u));
    const y = max(1 << 16, min(lastV, v));
    const at = picture + usize((y >> 16) - 1) * stride + usize((x >> 16) - 1) * 3;
    const w = weights(f32(x & 65535) / 65536);
    const h = weights(f32(y & 65535) / 65536);
    const upper = f32x4.add(
      f32x4.mul(across(at, w), f32x4.splat(f32x4.extract_lane(h, 0))),
      f32x4.mul(across(at + stride, w), f32x4.splat(f32x4.extract_lane(h, 1))),
    );
    const lower = f32x4.add(
      f32x4.mul(across(at + 2 * stride, w), f32x4.splat(f32x4.extract_lane(h, 2))),
      f32x4.mul(across(at + 3 * stride, w), f32x4.splat(f32x4.extract_lane(h, 3))),
    );
    put(out, i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.add(upper, lower))));
    out += 3;
    u += stepU;
    v += stepV;
  }
}
