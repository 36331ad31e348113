/** A contact sheet: one row per photo, its cartoons side by side. */
import sharp, { type OverlayOptions } from 'sharp';
import type { PhotoFormat } from '../inference/types.ts';

/** Pixels: side of a picture, space between two, height of the line of titles. */
const TILE = 320;
const GAP = 12;
const TITLES = 44;
/** JPEG ends at 65 535 pixels. */
export const MAX_ROWS = Math.floor((65_535 - TITLES - GAP) / (TILE + GAP));

export class ContactSheet {
  readonly #titles: readonly string[];
  readonly #rows = new Map<number, readonly Buffer[]>();

  /** @param titles of the columns */
  constructor(titles: readonly string[]) {
    this.#titles = titles;
  }

  /**
   * Adds a row. Pictures are made small at once, so that a sheet of a hundred photos fits into memory.
   * @param place rows stand in the order of their places, which may have gaps
   * @param pictures encoded, in the order of the titles
   */
  async add(place: number, pictures: readonly Uint8Array[]): Promise<void> {
    const tiles = pictures.map((picture) =>
      sharp(picture)
        .autoOrient()
        .resize(TILE, TILE, { fit: 'contain', background: '#fff' })
        .flatten({ background: '#fff' })
        .jpeg({ quality: 92 })
        .toBuffer(),
    );
    this.#rows.set(place, await Promise.all(tiles));
  }

  /** Encodes the first `MAX_ROWS` rows. */

  async encode(format: PhotoFormat): Promise<Buffer> {
    const span = (count: number) => GAP + count * (TILE + GAP);
    const rows = [...this.#rows].sort(([a], [b]) => a - b).slice(0, MAX_ROWS);
    const layers: OverlayOptions[] = rows.flatMap(([, row], y) =>
      row.map((input, x) => ({ input, left: span(x), top: TITLES + span(y) })),
    );
    const width = span(this.#titles.length);
    const height = TITLES + span(rows.length);
    const sheet = sharp({ create: { width, height, channels: 3, background: '#fff' } });
    return await sheet
      .composite([...(await this.#header()), ...layers])
      .toFormat(format, { quality: 90 })
      .toBuffer();
  }

  async #header(): Promise<OverlayOptions[]> {
    const titles = this.#titles.map(async (title, x) => {
      const text = {
        // Pango reads markup.
        text: title.replace(/[<>&]/g, ' '),
        font: 'sans 15',
        dpi: 96,
        width: TILE,
        rgba: true,
      };
      const input = await sharp({ text }).png().toBuffer();
      return { input, left: GAP + x * (TILE + GAP), top: GAP };
    });
    // Titles need a font on this machine. A sheet without them is still a sheet; the command tells the order too.
    return await Promise.all(titles).catch(() => []);
  }
}
