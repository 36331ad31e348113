/**
 * What the networks drew, as a map that can be applied to the photo at any size.
 *
 * They draw small. So the drawing is written as `cartoon = gain * photo + offset`, pixel by pixel; gain and offset are
 * enlarged, and the photo brings its own detail where the cartoon follows it: along hair, lashes, outlines; not on skin that
 * the style smoothed, nor where it drew eyes of its own (kernels/gain.ts). The local linear model of the fast guided filter,
 * He and Sun 2015, arXiv 1505.00996.
 *
 * The loops over pixels are WebAssembly (`kernels/`), in the inference child: ONNX Runtime takes 50 ns a pixel for
 * the same, JavaScript 12, these 2 to 3; libvips cannot multiply two pictures without
 * going through alpha. They work row by row and in place: a photo of 12 megapixels is 36 MB, and there is never a second one.
 */

import { apply, type Similarity } from '../faces/similarity.ts';
import { fixedPoint, type Kernels } from '../image/kernels.ts';
import type { Box, RawImage, Size } from '../image/raw-image.ts';

/** Bytes per pixel of a `Drawing`: four i16. */
const BYTES = 8;
/** Bytes per pixel of a picture. */
const RGB = 3;
/** Bytes per f32 or i32. */
const FLOAT = 4;

/** Per pixel: offset for red, green and blue, then gain, as the kernels understand them. */
export interface AffineMap extends Size {
  readonly data: Uint8Array;
}

/** Carries small drawings to the size of their photo. */
export class DetailTransfer {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** @param photo what the network saw; @param cartoon what it drew, of the same size */
  fit(photo: RawImage, cartoon: RawImage): AffineMap {
    const { run } = this.#kernels;
    const { width, height } = photo;
    const stride = run.stride(width);
    const plane = stride * height;
    const [gains, x, y, sums, raw, before, after, out] = this.#kernels.areas(
      width * height * FLOAT,
      2 * plane,
      2 * plane,
      5 * stride * FLOAT,
      plane * FLOAT,
      photo.data.length,
      cartoon.data.length,
      width * height * BYTES,
    );
    this.#kernels.write(before, photo.data);
    this.#kernels.write(after, cartoon.data);
    run.brightness(before, x, width, height);
    run.brightness(after, y, width, height);
    run.regress(x, y, width, height, sums, raw);
    run.smooth(raw, width, height, sums, gains);
    run.fit(before, after, gains, out, width * height);
    return { width, height, data: this.#kernels.bytes(out, width * height * BYTES).slice() };
  }

  /** A cartoon that takes nothing from the photo, for where it is not enlarged. */
  opaque({ width, height, data }: RawImage): AffineMap {
    const { run } = this.#kernels;
    const [gains, after, out] = this.#kernels.areas(
      width * height * FLOAT,
      data.length,
      width * height * BYTES,
    );
    this.#kernels.bytes(gains, width * height * FLOAT).fill(0);
    this.#kernels.write(after, data);
    run.fit(after, after, gains, out, width * height);
    return { width, height, data: this.#kernels.bytes(out, width * height * BYTES).slice() };
  }

  /**
   * A part of the photo with its detail, at `share` of its strength, round the colours of `after` in place of those of `before`.
   * All pictures are of equal size; what is in neither of them comes from the photo.
   */
  recolour(before: RawImage, { width, height, data }: RawImage, share: number): AffineMap {
    const { run } = this.#kernels;
    const [gains, from, to, out] = this.#kernels.areas(
      width * height * FLOAT,
      data.length,
      data.length,
      width * height * BYTES,
    );
    this.#kernels.write(gains, new Float32Array(width * height).fill(share));
    this.#kernels.write(from, before.data);
    this.#kernels.write(to, data);
    run.fit(from, to, gains, out, width * height);
    return { width, height, data: this.#kernels.bytes(out, width * height * BYTES).slice() };
  }

  /** Draws over a whole photo, in place. `drawing` shows all of it, at any smaller size; it is enlarged bilinearly. */
  drawOver(photo: RawImage, drawing: AffineMap): void {
    const { run } = this.#kernels;
    const { width, height, data } = photo;
    const stride = drawing.width * BYTES;
    const [values, line, columns, before, after] = this.#kernels.areas(
      drawing.data.length,
      stride + BYTES,
      width * 8,
      width * RGB,
      width * RGB,
    );
    this.#kernels.write(values, drawing.data);
    this.#kernels.write(columns, pairs(width, drawing.width));
    const source = this.#kernels.bytes(before, width * RGB);
    const target = this.#kernels.bytes(after, width * RGB);
    for (let y = 0; y < height; y++) {
      const { first, weight } = tap(y, height, drawing.height);
      const above = values + first * stride;
      const below = values + Math.min(first + 1, drawing.height - 1) * stride;
      const row = data.subarray(y * width * RGB, (y + 1) * width * RGB);
      source.set(row);
      run.row(above, below, Math.min(weight, 255), drawing.width, line, columns, before, after, width);
      row.set(target);
    }
  }

  /**
   * Draws a head into `canvas`, in place: `alpha * head + (1 - alpha) * canvas`, with the mask as alpha.
   * @param photo the photo's pixels under `box`, as they were before anything was drawn
   * @param box where in `canvas` the head lies
   * @param mask grey, as large as `drawing`; 0 at its border
   * @param matrix from pixels of `canvas` to pixels of `drawing`
   */
  drawHead(
    canvas: RawImage,
    photo: RawImage,
    box: Box,
    drawing: AffineMap,
    mask: RawImage,
    matrix: Similarity,
  ): void {
    const { run } = this.#kernels;
    const bytes = box.width * RGB;
    const [values, alphas, under, before, after] = this.#kernels.areas(
      drawing.data.length,
      mask.data.length,
      bytes,
      bytes,
      bytes,
    );
    this.#kernels.write(values, drawing.data);
    this.#kernels.write(alphas, mask.data);
    const [canvasRow, photoRow] = [this.#kernels.bytes(under, bytes), this.#kernels.bytes(before, bytes)];
    const target = this.#kernels.bytes(after, bytes);
    const [stepU, stepV] = [fixedPoint(matrix.a), fixedPoint(matrix.b)];
    for (let y = 0; y < box.height; y++) {
      const start = ((box.top + y) * canvas.width + box.left) * RGB;
      const row = canvas.data.subarray(start, start + bytes);
      canvasRow.set(row);
      photoRow.set(photo.data.subarray(y * bytes, (y + 1) * bytes));
      const at = apply(matrix, { x: box.left, y: box.top + y });
      const [u, v] = [fixedPoint(at.x), fixedPoint(at.y)];
      const { width, height } = drawing;
      run.headRow(values, alphas, width, height, u, v, stepU, stepV, under, before, after, box.width);
      row.set(target);
    }
  }
}

/** Between which two pixels of a small side a pixel of a large one lies, and how near to the second, in 256ths. */
function tap(
  index: number,
  large: number,
  small: number,
): { readonly first: number; readonly weight: number } {
  // Edges map to edges.
  const place = Math.min(Math.max(((index + 0.5) * small) / large - 0.5, 0), small - 1);
  const first = Math.min(Math.floor(place), Math.max(0, small - 2));
  return { first, weight: Math.round((place - first) * 256) };
}

/** `tap` of every pixel of a row as the kernel wants it: the first one's place in bytes, and both weights. */
function pairs(large: number, small: number): Int32Array {
  const found = new Int32Array(2 * large);
  for (let x = 0; x < large; x++) {
    const { first, weight } = tap(x, large, small);
    found[2 * x] = first * BYTES;
    found[2 * x + 1] = (weight << 16) | (256 - weight);
  }
  return found;
}
