/** Keeps a drawing's colours near its photo's: the loops of `src/inference/drawing/colour-bound.ts`, which says what they are for. */

import { pixel, put } from './pixel';

/** Bytes of a cell: red, green, blue and how many pixels it has, f32. */
const CELL: i32 = 16;

/** The sums of the differences of every cell's pixels, and their number. */
function differences(photo: usize, cartoon: usize, width: i32, height: i32, cell: i32, grid: usize): void {
  const columns = (width + cell - 1) / cell;
  for (let y = 0; y < height; y++) {
    const row = grid + usize((y / cell) * columns * CELL);
    for (let left = 0; left < width; left += cell) {
      const right = min(width, left + cell);
      let sum = i32x4.splat(0);
      for (let x = left; x < right; x++) {
        sum = i32x4.add(sum, i32x4.sub(pixel(cartoon), pixel(photo)));
        photo += 3;
        cartoon += 3;
      }
      sum = i32x4.replace_lane(sum, 3, right - left);
      const at = row + usize((left / cell) * CELL);
      v128.store(at, f32x4.add(v128.load(at), f32x4.convert_i32x4_s(sum)));
    }
  }
}

/** Every cell's mean difference becomes what of it is over the limit. Returns how many cells have such a rest. */
function excess(grid: usize, cells: i32, limit: f32): i32 {
  let over = 0;
  for (let i = 0; i < cells; i++) {
    const sums = v128.load(grid);
    const mean = f32x4.replace_lane(
      f32x4.div(sums, f32x4.splat(f32x4.extract_lane(sums, 3))),
      3,
      0,
    );
    const squares = f32x4.mul(mean, mean);
    const length = Mathf.sqrt(
      f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1) + f32x4.extract_lane(squares, 2),
    );
    const share: f32 = length > limit ? 1 - limit / length : 0;
    if (share > 0) over++;
    v128.store(grid, f32x4.mul(mean, f32x4.splat(share)));
    grid += CELL;
  }
  return over;
}

/** Where a pixel lies among the middles of cells: between the one of its whole part and the next, by what it has beyond. */
// @ts-ignore: decorator
@inline
function place(index: i32, cell: i32, count: i32): f32 {
  const at: f32 = (f32(index) + 0.5) / f32(cell) - 0.5;
  return max<f32>(0, min<f32>(f32(count - 1), at));
}

/**
 * Takes from a drawing, in place, what its mean difference from the photo has over `limit` in every cell of `cell` x `cell` pixels;
 * interpolated between the cells, so that no borders show.
 * @param photo,cartoon RGB, three bytes a pixel
 * @param limit levels of distance in RGB
 * @param grid room for a cell of 16 bytes each, 0 throughout
 * @param line room for a row of the grid and one cell
 */
export function bound(
  photo: usize,
  cartoon: usize,
  width: i32,
  height: i32,
  cell: i32,
  limit: f32,
  grid: usize,
  line: usize,
): void {
  const columns = (width + cell - 1) / cell;
  const rows = (height + cell - 1) / cell;
  differences(photo, cartoon, width, height, cell, grid);
  if (excess(grid, columns * rows, limit) == 0) return;
  const stride = columns * CELL;
  for (let y = 0; y < height; y++) {
    const row = place(y, cell, rows);
    const above = grid + usize(i32(row) * stride);
    const below = grid + usize(min(rows - 1, i32(row) + 1) * stride);
    const down = f32x4.splat(row - Mathf.floor(row));
    for (let at = 0; at < stride; at += CELL) {
      const upper = v128.load(above + usize(at));
      const difference = f32x4.sub(v128.load(below + usize(at)), upper);
      v128.store(line + usize(at), f32x4.add(upper, f32x4.mul(difference, down)));
    }
    // Beyond the last cell its own value goes on.
    v128.store(line + usize(stride), v128.load(line + usize(stride - CELL)));
    for (let x = 0; x < width; x++) {
      const column = place(x, cell, columns);
      const at = line + usize(i32(column) * CELL);
      const left = v128.load(at);
      const difference = f32x4.sub(v128.load(at + CELL), left);
      const rest = f32x4.add(left, f32x4.mul(difference, f32x4.splat(column - Mathf.floor(column))));
      put(cartoon, i32x4.sub(pixel(cartoon), i32x4.trunc_sat_f32x4_s(f32x4.nearest(rest))));
      cartoon += 3;
    }
  }
}
