/** A drawing's colours stay near its photo's, whatever the network makes of them; what is smaller than a colour's area stays drawn. */
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { CELL, ColourBound } from '../../../src/inference/drawing/colour-bound.ts';
import { Kernels } from '../../../src/inference/image/kernels.ts';
import { blank, type RawImage, render } from '../../../src/inference/image/raw-image.ts';
import { readManifest } from '../../../src/inference/models/manifest.ts';
import { Pipeline } from '../../../src/inference/pipeline.ts';
import { PROFILES } from '../../../src/inference/profile.ts';
import { MODELS_DIR } from '../../support/models.ts';

type Colour = readonly [number, number, number];

const bound = new ColourBound(new Kernels());
const WHITE: Colour = [255, 255, 255];

function picture(width: number, height: number, at: (x: number, y: number) => Colour): RawImage {
  const picture = blank({ width, height }, 3, 0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) picture.data.set(at(x, y), (y * width + x) * 3);
  }
  return picture;
}

const colourAt = ({ data, width }: RawImage, x: number, y: number): Colour => {
  const at = (y * width + x) * 3;
  return [data[at] as number, data[at + 1] as number, data[at + 2] as number];
};

const away = (one: Colour, other: Colour) =>
  Math.hypot(...one.map((value, i) => value - (other[i] as number)));

/** Degrees between two hues. */
function turn(one: Colour, other: Colour): number {
  const [from, to] = [one, other].map(
    ([red, green, blue]) =>
      (Math.atan2(Math.sqrt(3) * (green - blue), 2 * red - green - blue) * 180) / Math.PI,
  ) as [number, number];
  return Math.abs(((from - to + 540) % 360) - 180);
}

describe('ColourBound', () => {
  it.each([
    [64, 48],
    [61, 37],
    [5, 70],
    [1, 1],
  ])('leaves of a red that became black a darker red, in a picture of %i x %i', (width, height) => {
    const red: Colour = [200, 20, 30];
    const input = picture(width, height, () => red);
    const drawn = picture(width, height, () => [10, 10, 20]);
    const { cartoon } = bound.apply({ input, cartoon: drawn }, CELL.picture);
    for (const [x, y] of [
      [0, 0],
      [width - 1, height - 1],
      [width >> 1, height >> 1],
    ] as const) {
      expect(away(colourAt(cartoon, x, y), red)).toBeLessThan(70);
      expect(away(colourAt(cartoon, x, y), red)).toBeGreaterThan(40);
      expect(turn(colourAt(cartoon, x, y), red)).toBeLessThan(5);
    }
  });

  it('does not touch a drawing whose colours are near, nor its lines', () => {
    const input = picture(96, 96, () => [180, 140, 120]);
    // A line in black, three pixels wide, on a lighter ground.
    const drawn = picture(96, 96, (x) => (Math.abs(x - 48) < 2 ? [0, 0, 0] : [200, 165, 150]));
    const { cartoon } = bound.apply({ input, cartoon: drawn }, CELL.head);
    expect(Buffer.compare(cartoon.data, drawn.data)).toBe(0);
  });

  it('spills nothing over the edge of what it mends', () => {
    const isBlouse = (x: number) => x < 50;
    const input = picture(100, 64, (x) => (isBlouse(x) ? [200, 20, 30] : WHITE));
    const drawn = picture(100, 64, (x) => (isBlouse(x) ? [60, 30, 40] : WHITE));
    const { cartoon } = bound.apply({ input, cartoon: drawn }, CELL.picture);
    for (let x = 50 + CELL.picture; x < 100; x++) expect(colourAt(cartoon, x, 30)).toEqual(WHITE);
    for (let x = 50; x < 50 + CELL.picture; x++) {
      expect(away(colourAt(cartoon, x, 30), WHITE)).toBeLessThan(40);
    }
    for (let x = 0; x < 50 - CELL.picture; x++) {
      expect(away(colourAt(cartoon, x, 30), [200, 20, 30])).toBeLessThan(70);
    }
  });

  it('keeps the detail of what it mends, and the drawing that it was given', () => {
    const input = picture(64, 64, () => [220, 30, 30]);
    const drawn = picture(64, 64, (x) => (x % 8 < 4 ? [40, 10, 10] : [70, 40, 40]));
    const before = Uint8Array.from(drawn.data);
    const { cartoon } = bound.apply({ input, cartoon: drawn }, CELL.picture);
    const [dark, light] = [colourAt(cartoon, 33, 32), colourAt(cartoon, 37, 32)];
    expect(light[0] - dark[0]).toBe(30);
    expect(drawn.data).toEqual(before);
  });
});

describe('a flat picture', () => {
  let pipeline: Pipeline;
  let styles: string[];

  beforeAll(async () => {
    pipeline = await Pipeline.load({ modelsDir: MODELS_DIR, ...PROFILES.full });
    const manifest = await readManifest(MODELS_DIR);
    styles = manifest.styles.filter(({ monochrome }) => !monochrome).map(({ id }) => id);
  });

  it.each(['#ff0000', '#c8141e', '#00c8dc', '#808080', '#e67814', '#1e3cb4'])(
    'of %s keeps its colour in every style that has any',
    async (background) => {
      const size = { width: 256, height: 256, channels: 3 as const };
      const photo = await sharp({ create: { ...size, background } })
        .png()
        .toBuffer();
      const before = colourAt(await render(sharp(photo)), 0, 0);
      for (const style of styles) {
        const hooks = { onStage: () => {}, isCancelled: () => false };
        const { image } = await pipeline.run({ photo, style, format: 'png' }, hooks);
        const after = colourAt(await render(sharp(image).removeAlpha()), 128, 128);
        expect(away(after, before), style).toBeLessThan(70);
        const isGrey = Math.max(...before) - Math.min(...before) < 10;
        if (isGrey) expect(Math.max(...after) - Math.min(...after), style).toBeLessThan(24);
        else expect(turn(after, before), style).toBeLessThan(25);
      }
    },
  );
});
