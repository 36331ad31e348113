/**
 * The loops over pixels of `src/inference/drawing/detail-transfer.ts`, which says what they are for; in AssemblyScript, compiled to
 * WebAssembly with SIMD by `npm run kernels`. Five times as fast as the same loops in JavaScript.
 *
 * A drawing has four i16 per pixel: offset of red, green and blue in 32nds of a grey level, and gain in 4096ths. Weights of
 * neighbours are whole 256ths. Pictures are RGB, three bytes a pixel. All of them may be read and written up to 13 bytes
 * beyond their end: a pixel is handled as four values, and the fourth is overwritten by the next pixel.
 */

import { pixel, put } from './pixel';

/** Bits below the grey level: 5 of an offset and 8 of the weights. */
const BITS: i32 = 13;
const HALF: i32 = 1 << (BITS - 1);

/** Two neighbouring pixels of a drawing, weighted: `pair` holds both weights, `(right << 16) | (256 - right)`. */
// @ts-ignore: decorator
@inline
function mixed(at: usize, pair: i32): v128 {
  const both = v128.load(at);
  const interleaved = i8x16.shuffle(both, both, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  return i32x4.dot_i16x8_s(interleaved, i32x4.splat(pair));
}

/** offset + gain * photo, in grey levels; `values` with `BITS` below the grey level, gain too. */
// @ts-ignore: decorator
@inline
function drawn(offsets: v128, gain: i32, photo: v128): v128 {
  const sum = i32x4.add(offsets, i32x4.mul(i32x4.splat(gain), photo));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(HALF)), BITS);
}

/** Writes a drawing of `count` pixels from a photo, its cartoon, and gains (f32, 0..1.5). */
export function fit(photo: usize, cartoon: usize, gains: usize, drawing: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const gain = i32(nearest(load<f32>(gains) * 4096));
    const taken = i32x4.shr_s(i32x4.mul(i32x4.splat(gain), pixel(photo)), 7);
    const offsets = i32x4.sub(i32x4.shl(pixel(cartoon), 5), taken);
    const values = i32x4.replace_lane(offsets, 3, gain);
    v128.store64_lane(drawing, i16x8.narrow_i32x4_s(values, values), 0);
    photo += 3;
    cartoon += 3;
    gains += 4;
    drawing += 8;
  }
}

/**
 * Draws one row of an enlarged picture.
 * @param above,below the two rows of the drawing between which it lies, `width` pixels each
 * @param down nearness to the second, 0..255
 * @param line room for one row of the drawing and a pixel
 * @param columns per pixel of the row: place of the left of its two pixels in bytes, and the weights of both (`mixed`), i32
 */
export function row(
  above: usize,
  below: usize,
  down: i32,
  width: i32,
  line: usize,
  columns: usize,
  photo: usize,
  out: usize,
  count: i32,
): void {
  const weight = i16x8.splat(i16(down << 7));
  for (let at: usize = 0; at < usize(width) << 3; at += 16) {
    const upper = v128.load(above + at);
    const difference = i16x8.sub(v128.load(below + at), upper);
    v128.store(line + at, i16x8.add(upper, i16x8.q15mulr_sat_s(difference, weight)));
  }
  for (let i = 0; i < count; i++) {
    const values = mixed(line + load<u32>(columns), load<i32>(columns, 4));
    put(out, drawn(values, i32x4.extract_lane(values, 3) >> 7, pixel(photo)));
    columns += 8;
    photo += 3;
    out += 3;
  }
}

/**
 * Draws one row of a head: `alpha * drawn + (1 - alpha) * canvas`.
 * @param mask alpha, a byte per pixel of the drawing
 * @param width,height of the drawing
 * @param u,v place of the first pixel in the drawing, in 65536ths; `stepU`, `stepV` from one pixel to the next
 */
export function headRow(
  drawing: usize,
  mask: usize,
  width: i32,
  height: i32,
  u: i32,
  v: i32,
  stepU: i32,
  stepV: i32,
  canvas: usize,
  photo: usize,
  out: usize,
  count: i32,
): void {
  const endU = (width - 1) << 16;
  const endV = (height - 1) << 16;
  for (let i = 0; i < count; i++) {
    const old = pixel(canvas);
    let result = old;
    if (u >= 0 && v >= 0 && u < endU && v < endV) {
      const at = usize((v >> 16) * width + (u >> 16));
      const right = (u >> 8) & 255;
      const down = (v >> 8) & 255;
      const left = 256 - right;
      const top = left * i32(load<u8>(mask + at)) + right * i32(load<u8>(mask + at, 1));
      const bottom =
        left * i32(load<u8>(mask + at + width)) + right * i32(load<u8>(mask + at + width, 1));
      const alpha = (256 - down) * top + down * bottom; // 255 * 65536 is opaque
      if (alpha > 0) {
        const pair = (right << 16) | left;
        const upper = mixed(drawing + (at << 3), pair);
        const lower = mixed(drawing + ((at + width) << 3), pair);
        const sum = i32x4.add(
          i32x4.mul(i32x4.splat(256 - down), upper),
          i32x4.mul(i32x4.splat(down), lower),
        );
        const cartoon = drawn(i32x4.shr_s(sum, 8), i32x4.extract_lane(sum, 3) >> 15, pixel(photo));
        const clamped = i32x4.max_s(i32x4.min_s(cartoon, i32x4.splat(255)), i32x4.splat(0));
        const change = f32x4.convert_i32x4_s(i32x4.sub(clamped, old));
        const share = f32x4.mul(change, f32x4.splat(f32(alpha) / (255.0 * 65536.0)));
        result = i32x4.add(old, i32x4.trunc_sat_f32x4_s(f32x4.nearest(share)));
      }
    }
    put(out, result);
    canvas += 3;
    photo += 3;
    out += 3;
    u += stepU;
    v += stepV;
  }
}
