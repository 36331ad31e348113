/** A pixel of a picture, to and from vectors. */

/** Three bytes (and one of the next pixel) as i32. */
// @ts-ignore: decorator
@inline
export function pixel(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}

/** i32 to bytes, clamped to 0..255; the fourth is overwritten by the next pixel. */
// @ts-ignore: decorator
@inline
export function put(at: usize, values: v128): void {
  const narrow = i16x8.narrow_i32x4_s(values, values);
  v128.store32_lane(at, i8x16.narrow_i16x8_u(narrow, narrow), 0);
}
