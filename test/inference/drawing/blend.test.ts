/** From small drawings to a cartoon of the photo's size: in place, sharp, and nothing else touched. */
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { compose } from '../../../src/inference/drawing/blend.ts';
import type { DetailTransfer } from '../../../src/inference/drawing/detail-transfer.ts';
import { drawingSize, type Stylized } from '../../../src/inference/drawing/stylize.ts';
import { cropHead, findHeads, type Head } from '../../../src/inference/faces/align.ts';
import type { FaceDetector } from '../../../src/inference/faces/detector.ts';
import type { FaceMesh } from '../../../src/inference/faces/landmarks.ts';
import { blank, open, type RawImage, render, resize } from '../../../src/inference/image/raw-image.ts';
import type { Warper } from '../../../src/inference/image/warp.ts';
import { blendParts, faceModels } from '../../support/models.ts';
import { astronaut, meanDifference } from '../../support/photos.ts';

let detector: FaceDetector;
let mesh: FaceMesh;
let warper: Warper;
let detailTransfer: DetailTransfer;
let mask: RawImage;

beforeAll(async () => {
  ({ detector, mesh, warper } = await faceModels());
  ({ detailTransfer, mask } = await blendParts());
});

async function picture(photo: Buffer | Sharp): Promise<RawImage> {
  return await render((Buffer.isBuffer(photo) ? sharp(photo) : photo).removeAlpha());
}

async function findIn(photo: RawImage): Promise<readonly Head[]> {
  return (await findHeads(photo, await resize(photo, drawingSize(photo, 512)), detector, mesh)).drawn;
}

/** A photo as if a style had left it as it is: what `compose` then makes of it should be the photo. */
async function undrawn(photo: RawImage, heads: readonly Head[]): Promise<[Stylized, Stylized[]]> {
  const small = await resize(photo, drawingSize(photo, 512));
  const crops = await Promise.all(heads.map(async (head) => await cropHead(photo, head, warper)));
  return [{ input: small, cartoon: small }, crops.map((input) => ({ input, cartoon: input }))];
}

async function composed(
  photo: RawImage,
  heads: readonly Head[],
  background: Stylized,
  drawn: readonly Stylized[],
) {
  const copy = { ...photo, data: Uint8Array.from(photo.data) };
  return await compose(copy, background, heads, drawn, mask, detailTransfer);
}

const colour = ({ data, width }: RawImage, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('compose', () => {
  it.each([300, 512, 1400])(
    'leaves a photo of %i pixels as it was where nothing was drawn',
    async (width) => {
      const photo = await picture(
        sharp(await astronaut())
          .rotate(13, { background: '#777' })
          .resize(width),
      );
      const heads = await findIn(photo);
      expect(heads).toHaveLength(1);
      const result = await composed(photo, heads, ...(await undrawn(photo, heads)));
      expect([result.width, result.height]).toEqual([photo.width, photo.height]);
      // Half a pixel of shift would cost ten times this.
      expect(await meanDifference(open(result), open(photo))).toBeLessThan(0.3);
    },
  );

  it('draws the head and nothing else', async () => {
    const photo = await picture(await astronaut());
    const heads = await findIn(photo);
    expect(heads).toHaveLength(1);
    const [background, [head]] = await undrawn(photo, heads);
    const green = await picture(
      sharp({ create: { width: 288, height: 288, channels: 3, background: '#0f0' } }),
    );
    const result = await composed(photo, heads, background, [
      { input: (head as Stylized).input, cartoon: green },
    ]);
    expect(colour(result, 225, 120)).toEqual([0, 255, 0]);
    for (const [x, y] of [
      [10, 10],
      [400, 120],
      [225, 400],
      [60, 130],
    ] as const) {
      expect(colour(result, x, y)).toEqual(colour(photo, x, y));
    }
  });

  it('works for a head that the edge of the photo cuts, and for one that is half outside', async () => {
    for (const left of [190, 215]) {
      const photo = await picture(
        sharp(await astronaut()).extract({ left, top: 40, width: 290, height: 300 }),
      );
      const heads = await findIn(photo);
      expect(heads).toHaveLength(1);
      const result = await composed(photo, heads, ...(await undrawn(photo, heads)));
      expect(await meanDifference(open(result), open(photo))).toBeLessThan(0.5);
    }
  });

  it('shrinks the drawing of a small face without skipping pixels', async () => {
    const photo = await picture(
      sharp({ create: { width: 700, height: 500, channels: 3, background: '#9ab' } }).composite([
        {
          input: await sharp(await astronaut())
            .resize(260)
            .toBuffer(),
          left: 420,
          top: 200,
        },
      ]),
    );
    const heads = await findIn(photo);
    expect(heads).toHaveLength(1);
    const [background, [head]] = await undrawn(photo, heads);
    // Stripes of one pixel, black and white: shrunk they are an even grey, with pixels skipped they are stripes.
    const striped = blank({ width: 288, height: 288 }, 3, 0);
    for (let i = 0; i < striped.data.length; i++) striped.data[i] = Math.floor(i / 3) % 2 ? 255 : 0;
    const result = await composed(photo, heads, background, [
      { input: (head as Stylized).input, cartoon: striped },
    ]);
    const face = [532, 534, 535, 537].map((x) => colour(result, x, 261)[0] as number);
    expect(Math.min(...face)).toBeGreaterThan(100);
    expect(Math.max(...face)).toBeLessThan(155);
  });
});

describe('full resolution', () => {
  /** Thin dark lines at odd angles: detail that a drawing a quarter as large cannot hold. */
  async function lines(side: number): Promise<RawImage> {
    const strokes = Array.from({ length: 60 }, (_, i) => {
      const [x, y] = [(i * 7919) % side, (i * 104729) % side];
      return `<line x1="${x}" y1="0" x2="${y}" y2="${side}" stroke="#222" stroke-width="3"/>`;
    });
    const svg = `<svg width="${side}" height="${side}"><rect width="100%" height="100%" fill="#cba"/>${strokes.join('')}</svg>`;
    return await picture(sharp(Buffer.from(svg)));
  }

  it('gives a drawing the sharpness of its photo where it follows it', async () => {
    const photo = await lines(2048);
    const input = await resize(photo, { width: 512, height: 512 });
    const style = (p: RawImage) => render(open(p).linear(0.6, 70)); // a style that only changes tones
    const result = await composed(photo, [], { input, cartoon: await style(input) }, []);
    const ideal = open(await style(photo));
    const enlarged = open(await resize(await style(input), photo));
    const [ours, plain] = [await meanDifference(open(result), ideal), await meanDifference(enlarged, ideal)];
    expect(ours).toBeLessThan(plain / 4);
  });

  it('brings nothing of the photo back where the style drew something else', async () => {
    const photo = await lines(2048);
    const input = await resize(photo, { width: 512, height: 512 });
    const flat = blank(input, 3, 180);
    const result = await composed(photo, [], { input, cartoon: flat }, []);
    expect(await meanDifference(open(result), open(blank(photo, 3, 180)))).toBeLessThan(0.01);
  });

  it('works for pictures that are one pixel wide', async () => {
    const photo = blank({ width: 1, height: 4000 }, 3, 90);
    const input = blank({ width: 1, height: 1000 }, 3, 90);
    const result = await composed(photo, [], { input, cartoon: blank(input, 3, 30) }, []);
    expect(new Set(result.data)).toEqual(new Set([30]));
  });
});
