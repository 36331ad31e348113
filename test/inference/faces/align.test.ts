/** Detector, mesh and alignment on a real face: found, where it is, whatever its place, size and tilt. */
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawingSize } from '../../../src/inference/drawing/stylize.ts';
import { cropHead, findHeads, HEAD_SIDE, type Head } from '../../../src/inference/faces/align.ts';
import { type FaceBox, type FaceDetector, SURE } from '../../../src/inference/faces/detector.ts';
import type { FaceMesh } from '../../../src/inference/faces/landmarks.ts';
import { apply, distance, invert, type Point, scaleOf } from '../../../src/inference/faces/similarity.ts';
import { type RawImage, render, resize } from '../../../src/inference/image/raw-image.ts';
import type { Warper } from '../../../src/inference/image/warp.ts';
import { faceModels } from '../../support/models.ts';
import { astronaut, rocket, row } from '../../support/photos.ts';

let detector: FaceDetector;
let mesh: FaceMesh;
let warper: Warper;

beforeAll(async () => {
  ({ detector, mesh, warper } = await faceModels());
});

async function picture(photo: Buffer | Sharp): Promise<RawImage> {
  return await render((Buffer.isBuffer(photo) ? sharp(photo) : photo).removeAlpha());
}

async function heads(photo: RawImage): Promise<readonly Head[]> {
  return (await findHeads(photo, await resize(photo, drawingSize(photo, 512)), detector, mesh)).drawn;
}

/** Where the template's eyes lie in the photo: the middle between them, their distance, and their tilt in degrees. */
function eyes({ matrix }: Head): { middle: Point; apart: number; tilt: number } {
  const back = invert(matrix);
  const [left, right] = [apply(back, { x: 111.78, y: 137.63 }), apply(back, { x: 179.74, y: 137.25 })];
  return {
    middle: { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 },
    apart: distance(left, right),
    tilt: (Math.atan2(right.y - left.y, right.x - left.x) * 180) / Math.PI,
  };
}

// The astronaut's pupils, read off a 12-fold enlargement by eye.
const PUPILS = [
  { x: 203.7, y: 101.2 },
  { x: 246.9, y: 103.2 },
] as const;
const TRUTH = { middle: { x: 225.3, y: 102.2 }, distance: 43.3 };

describe('FaceMesh', () => {
  it('finds the eyes within two pixels', async () => {
    const photo = await picture(await astronaut());
    const [face] = await detector.find(photo, photo);
    expect(face?.score).toBeGreaterThan(0.8);
    const points = await mesh.fivePoints(photo, face as FaceBox);
    for (const [index, pupil] of PUPILS.entries()) {
      expect(distance(points?.[index] as Point, pupil)).toBeLessThan(2);
    }
  });
});

describe('findHeads', () => {
  it('finds the one face where it is', async () => {
    const found = await heads(await picture(await astronaut()));
    expect(found).toHaveLength(1);
    const { middle, apart, tilt } = eyes(found[0] as Head);
    // The template is a compromise of five points: the eyes need not lie in the eyes to the pixel.
    expect(distance(middle, TRUTH.middle)).toBeLessThan(5);
    expect(Math.abs(apart - TRUTH.distance)).toBeLessThan(4);
    expect(Math.abs(tilt)).toBeLessThan(5);
  });

  it('finds none where there is none', async () => {
    expect(await heads(await picture(await rocket()))).toEqual([]);
    const black = await picture(
      sharp({ create: { width: 300, height: 200, channels: 3, background: '#000' } }),
    );
    expect(await heads(black)).toEqual([]);
    const dot = await picture(sharp({ create: { width: 1, height: 1, channels: 3, background: '#888' } }));
    expect(await heads(dot)).toEqual([]);
  });

  it.each([-40, -20, 20, 40])('follows a head tilted by %i degrees', async (degrees) => {
    const turned = await picture(sharp(await astronaut()).rotate(degrees, { background: '#777' }));
    const found = await heads(turned);
    expect(found).toHaveLength(1);
    expect(Math.abs(eyes(found[0] as Head).tilt - degrees)).toBeLessThan(6);
  });

  it.each([90, 180, 270])('sees which way up a head is: turned by %i degrees', async (degrees) => {
    const turned = await picture(sharp(await astronaut()).rotate(degrees));
    const found = await heads(turned);
    expect(found).toHaveLength(1);
    const away = Math.abs(((eyes(found[0] as Head).tilt - degrees + 540) % 360) - 180);
    expect(away).toBeLessThan(6);
  });

  it('finds forty in one photo', async () => {
    const small = await sharp(await row(10))
      .resize({ width: 2000 })
      .toBuffer();
    const crowd = sharp({ create: { width: 2000, height: 820, channels: 3, background: '#888' } });
    const rows = [0, 1, 2, 3].map((index) => ({ input: small, left: 0, top: index * 205 }));
    expect(await heads(await picture(crowd.composite(rows)))).toHaveLength(40);
  });

  it('takes the detector’s own points where the mesh sees no face: a hand before mouth and nose', async () => {
    const hand = await sharp({ create: { width: 80, height: 52, channels: 3, background: '#b98' } })
      .png()
      .toBuffer();
    const covered = await picture(sharp(await astronaut()).composite([{ input: hand, left: 185, top: 116 }]));
    const [face] = await detector.find(covered, covered);
    expect(face?.score).toBeGreaterThan(SURE);
    const none = { fivePoints: async () => undefined } as unknown as FaceMesh;
    const { drawn } = await findHeads(covered, covered, detector, none);
    expect(drawn).toEqual([{ matrix: expect.anything(), confirmed: false }]);
    const { middle, apart, tilt } = eyes(drawn[0] as Head);
    expect(distance(middle, TRUTH.middle)).toBeLessThan(12);
    expect(Math.abs(apart - TRUTH.distance)).toBeLessThan(10);
    expect(Math.abs(tilt)).toBeLessThan(8);
  });

  it('finds a face that fills the photo, and one that is small in a large photo', async () => {
    const closeUp = await picture(
      sharp(await astronaut()).extract({ left: 155, top: 50, width: 140, height: 140 }),
    );
    expect(await heads(closeUp)).toHaveLength(1);
    const far = sharp({ create: { width: 3000, height: 2000, channels: 3, background: '#9ab' } });
    const small = await picture(far.composite([{ input: await astronaut(), left: 2200, top: 1300 }]));
    const found = await heads(small);
    expect(found).toHaveLength(1);
    expect(Math.abs(eyes(found[0] as Head).middle.x - 2200 - TRUTH.middle.x)).toBeLessThan(4);
  });

  it('finds a small face in a panorama', async () => {
    const wide = sharp({ create: { width: 4000, height: 900, channels: 3, background: '#9ab' } });
    const panorama = await picture(wide.composite([{ input: await astronaut(), left: 2900, top: 300 }]));
    expect(await heads(panorama)).toHaveLength(1);
  });

  it('leaves a face of a few pixels to the background', async () => {
    const tiny = await picture(sharp(await astronaut()).resize(60));
    expect(await heads(tiny)).toEqual([]);
  });

  it('finds two, and ten, largest first', async () => {
    expect(await heads(await picture(await row(2)))).toHaveLength(2);
    const ten = await picture(
      sharp({ create: { width: 2560, height: 1024, channels: 3, background: '#888' } }).composite([
        { input: await row(5), left: 0, top: 0 },
        {
          input: await sharp(await row(5))
            .resize({ height: 320 })
            .toBuffer(),
          left: 0,
          top: 530,
        },
      ]),
    );
    const found = await heads(ten);
    expect(found).toHaveLength(10);
    // A larger face is enlarged less.
    const scales = found.map(({ matrix }) => scaleOf(matrix));
    expect(Math.max(...scales.slice(0, 5))).toBeLessThan(Math.min(...scales.slice(5)));
  });
});

describe('cropHead', () => {
  it('puts the eyes where the template has them', async () => {
    const photo = await picture(await astronaut());
    const [head] = (await heads(photo)) as [Head];
    const crop = await cropHead(photo, head, warper);
    expect([crop.width, crop.height]).toEqual([HEAD_SIDE, HEAD_SIDE]);
    const again = await heads(crop);
    expect(again).toHaveLength(1);
    const { middle, apart, tilt } = eyes(again[0] as Head);
    expect(Math.abs(middle.x - 145.8)).toBeLessThan(4);
    expect(Math.abs(middle.y - 137.4)).toBeLessThan(4);
    expect(Math.abs(apart - 68)).toBeLessThan(5);
    expect(Math.abs(tilt)).toBeLessThan(3);
  });
});
