/**
 * Keeps a drawing's colours near its photo's.
 *
 * The networks have learned from a teacher that turned a red blouse black and a grey wall teal, and what they have not seen often they
 * may still turn to anything. So the difference of drawing and photo, averaged over cells, is bounded: as a vector in RGB, so that what
 * is left of it has the style's direction. Lines, eyes and lights are smaller than a cell and stay as they were drawn. At the edge of a
 * red blouse a cell is half blouse and half wall, its mean difference half as large and under the bound: nothing spills over.
 */
import type { Kernels } from '../image/kernels.ts';
import type { Stylized } from './stylize.ts';

/**
 * Levels of distance in RGB. Over 70 people say that a colour is wrong; what the styles mean to change, the pastels of one and the
 * contrasts of another, stays below (looked at in all styles).
 */
const LIMIT = 56;
/** Sides of a cell in pixels: of a whole picture, and of a head, where eyes are 40 pixels wide and some styles draw larger ones. */
export const CELL = { picture: 8, head: 24 } as const;
/** Bytes of a cell, as the kernel wants it. */
const BYTES = 16;

export class ColourBound {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** The drawing, its colours bounded; a millisecond for a whole picture. @param cell side of a cell in pixels */
  apply({ input, cartoon }: Stylized, cell: number): Stylized {
    const { width, height, data } = cartoon;
    const [columns, rows] = [Math.ceil(width / cell), Math.ceil(height / cell)];
    const cells = columns * rows * BYTES;
    const [before, after, grid, line] = this.#kernels.areas(
      input.data.length,
      data.length,
      cells,
      (columns + 1) * BYTES,
    );
    this.#kernels.write(before, input.data);
    this.#kernels.write(after, data);
    this.#kernels.bytes(grid, cells).fill(0);
    this.#kernels.run.bound(before, after, width, height, cell, LIMIT, grid, line);
    return { input, cartoon: { ...cartoon, data: this.#kernels.bytes(after, data.length).slice() } };
  }
}
