/**
 * What the networks drew, as a map that can be applied to the photo at any size.
 *
 * They draw small. So the drawing is written as `cartoon = gain * photo + offset`, pixel by pixel; gain and offset are
 * enlarged, and the photo brings its own detail: outlines and hair come out as sharp as the photo has them (the local
 * linear model of the fast guided filter, He and Sun 2015, arXiv 1505.00996).
 *
 * The loops over pixels here run in the inference child, never on the bot's event loop. ONNX Runtime takes 50 ns a pixel
 * for the same (research/inference.md, section 6), libvips cannot multiply two pictures without going through alpha; this
 * takes about 10 ns, and works in place: a photo of 12 megapixels is 36 MB, and there is never a second one.
 */
import type { InferenceSession } from 'onnxruntime-node';
import type { Box, Picture, Size } from './picture.ts';
import { runNetwork } from './sessions.ts';
import { apply, type Similarity } from './similarity.ts';

/** Per pixel: offset for red, green and blue in grey levels (may be negative), then gain (0..1.5). */
const VALUES = 4;

export interface Drawing extends Size {
  /** `height` rows of `width` pixels of `VALUES`, and one pixel more, so that a pixel's right neighbour can be read. */
  readonly data: Float32Array;
}

/** Finds out where a cartoon follows its photo: models/detail.onnx (training/dctoon_training/detail.py). */
export class DetailFitter {
  readonly #session: InferenceSession;

  /** `session`: photo, cartoon uint8 [1, H, W, 3] RGB -> gain float [1, 1, H, W]. */
  constructor(session: InferenceSession) {
    this.#session = session;
  }

  /** @param photo what the network saw; @param cartoon what it drew, of the same size */
  async fit(photo: Picture, cartoon: Picture): Promise<Drawing> {
    const { gain } = await runNetwork<{ readonly gain: Float32Array }>(this.#session, { photo, cartoon });
    const data = new Float32Array((gain.length + 1) * VALUES);
    for (let pixel = 0, rgb = 0, at = 0; pixel < gain.length; pixel++, rgb += 3, at += VALUES) {
      const slope = gain[pixel] as number;
      data[at] = (cartoon.data[rgb] as number) - slope * (photo.data[rgb] as number);
      data[at + 1] = (cartoon.data[rgb + 1] as number) - slope * (photo.data[rgb + 1] as number);
      data[at + 2] = (cartoon.data[rgb + 2] as number) - slope * (photo.data[rgb + 2] as number);
      data[at + 3] = slope;
    }
    return { width: photo.width, height: photo.height, data };
  }
}

/** A cartoon that takes nothing from the photo, for where it is not enlarged. */
export function opaque(cartoon: Picture): Drawing {
  const { width, height } = cartoon;
  const data = new Float32Array((width * height + 1) * VALUES);
  for (let rgb = 0, at = 0; rgb < cartoon.data.length; rgb += 3, at += VALUES) {
    data[at] = cartoon.data[rgb] as number;
    data[at + 1] = cartoon.data[rgb + 1] as number;
    data[at + 2] = cartoon.data[rgb + 2] as number;
  }
  return { width, height, data };
}

/** Draws over a whole photo, in place. `drawing` shows all of it, at any smaller size; it is enlarged bilinearly. */
export function drawOver(photo: Picture, drawing: Drawing): void {
  const pixels = clamped(photo);
  const columns = taps(photo.width, drawing.width);
  const rows = taps(photo.height, drawing.height);
  const values = drawing.width * VALUES;
  const line = new Float32Array(values + VALUES);
  let rgb = 0;
  for (let y = 0; y < photo.height; y++) {
    const above = (rows.first[y] as number) * values;
    const below = Math.min(above + values, (drawing.height - 1) * values);
    const down = rows.weight[y] as number;
    for (let i = 0; i < values; i++) {
      const upper = drawing.data[above + i] as number;
      line[i] = upper + down * ((drawing.data[below + i] as number) - upper);
    }
    for (let x = 0; x < photo.width; x++, rgb += 3) {
      const at = (columns.first[x] as number) * VALUES;
      const right = columns.weight[x] as number;
      const red = line[at] as number;
      const green = line[at + 1] as number;
      const blue = line[at + 2] as number;
      const gain = line[at + 3] as number;
      const slope = gain + right * ((line[at + 7] as number) - gain);
      pixels[rgb] = red + right * ((line[at + 4] as number) - red) + slope * (pixels[rgb] as number);
      pixels[rgb + 1] =
        green + right * ((line[at + 5] as number) - green) + slope * (pixels[rgb + 1] as number);
      pixels[rgb + 2] =
        blue + right * ((line[at + 6] as number) - blue) + slope * (pixels[rgb + 2] as number);
    }
  }
}

/**
 * Draws a head into `canvas`, in place: `alpha * head + (1 - alpha) * canvas`, with the mask as alpha.
 * @param photo the photo's pixels under `box`, as they were before anything was drawn
 * @param box where in `canvas` the head lies
 * @param mask grey, as large as `drawing`; 0 at its border
 * @param matrix from pixels of `canvas` to pixels of `drawing`
 */
export function drawHead(
  canvas: Picture,
  photo: Picture,
  box: Box,
  drawing: Drawing,
  mask: Picture,
  matrix: Similarity,
): void {
  const pixels = clamped(canvas);
  const { data, width } = drawing;
  const [lastX, lastY] = [width - 1, drawing.height - 1];
  const values = width * VALUES;
  const alphas = mask.data;
  for (let y = 0; y < box.height; y++) {
    const start = apply(matrix, { x: box.left, y: box.top + y });
    let to = ((box.top + y) * canvas.width + box.left) * 3;
    let from = y * box.width * 3;
    for (let x = 0; x < box.width; x++, to += 3, from += 3) {
      const u = start.x + matrix.a * x;
      const v = start.y + matrix.b * x;
      if (u < 0 || v < 0 || u >= lastX || v >= lastY) continue;
      const [column, row] = [Math.trunc(u), Math.trunc(v)];
      const [right, down] = [u - column, v - row];
      // Bilinear: the weights of the four neighbours.
      const d = right * down;
      const c = down - d;
      const b = right - d;
      const a = 1 - right - c;
      const pixel = row * width + column;
      const alpha =
        (a * (alphas[pixel] as number) +
          b * (alphas[pixel + 1] as number) +
          c * (alphas[pixel + width] as number) +
          d * (alphas[pixel + width + 1] as number)) /
        255;
      if (alpha === 0) continue;
      const above = pixel * VALUES;
      const below = above + values;
      const slope =
        a * (data[above + 3] as number) +
        b * (data[above + 7] as number) +
        c * (data[below + 3] as number) +
        d * (data[below + 7] as number);
      for (let colour = 0; colour < 3; colour++) {
        const drawn =
          a * (data[above + colour] as number) +
          b * (data[above + 4 + colour] as number) +
          c * (data[below + colour] as number) +
          d * (data[below + 4 + colour] as number) +
          slope * (photo.data[from + colour] as number);
        const under = pixels[to + colour] as number;
        pixels[to + colour] = under + alpha * (Math.min(255, Math.max(0, drawn)) - under);
      }
    }
  }
}

/** The same samples; what is written is rounded and clamped to 0..255. */
function clamped({ data }: Picture): Uint8ClampedArray {
  return new Uint8ClampedArray(data.buffer, data.byteOffset, data.byteLength);
}

/** For every pixel of a side that is enlarged: the first of the two it lies between, and how near it is to the second. */
function taps(large: number, small: number): { readonly first: Int32Array; readonly weight: Float32Array } {
  const first = new Int32Array(large);
  const weight = new Float32Array(large);
  for (let index = 0; index < large; index++) {
    const place = Math.min(Math.max(((index + 0.5) * small) / large - 0.5, 0), small - 1);
    first[index] = Math.min(Math.floor(place), Math.max(0, small - 2));
    weight[index] = place - (first[index] as number);
  }
  return { first, weight };
}
