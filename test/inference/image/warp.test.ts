/** Where the pixels go, checked against an analytic picture: off by half a pixel would fail. */
import { describe, expect, it } from 'vitest';
import { apply, fitSimilarity, invert, type Similarity } from '../../../src/inference/faces/similarity.ts';
import type { Border } from '../../../src/inference/image/frame.ts';
import { Kernels } from '../../../src/inference/image/kernels.ts';
import type { RawImage, Size } from '../../../src/inference/image/raw-image.ts';
import { Warper } from '../../../src/inference/image/warp.ts';

const warper = new Warper(new Kernels());
const warp = (picture: RawImage, matrix: Similarity, size: Size, border: Border) =>
  warper.warp(picture, matrix, size, border);

const WIDTH = 240;
const HEIGHT = 200;

/** Smooth, without symmetry; slopes up to 8 grey values a pixel, so a small shift shows. */
function scene(x: number, y: number): number {
  return 128 + 55 * Math.sin(x * 0.11 + 0.3) + 50 * Math.cos(y * 0.09 + x * 0.03);
}

function drawn(): RawImage {
  const channels = 3;
  const data = new Uint8Array(WIDTH * HEIGHT * channels);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      data.fill(Math.round(scene(x, y)), (y * WIDTH + x) * channels, (y * WIDTH + x + 1) * channels);
    }
  }
  return { data, width: WIDTH, height: HEIGHT, channels };
}

function similarity(scale: number, degrees: number, tx: number, ty: number): Similarity {
  const angle = (degrees / 180) * Math.PI;
  return { a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx, ty };
}

/** Root mean square difference to the scene, over target pixels whose source lies inside the picture. */
function difference(target: RawImage, matrix: Similarity): { rms: number; compared: number } {
  const back = invert(matrix);
  let [sum, compared] = [0, 0];
  for (let y = 0; y < target.height; y++) {
    for (let x = 0; x < target.width; x++) {
      const source = apply(back, { x, y });
      if (source.x < 4 || source.y < 4 || source.x > WIDTH - 5 || source.y > HEIGHT - 5) continue;
      sum +=
        ((target.data[(y * target.width + x) * target.channels] as number) - scene(source.x, source.y)) ** 2;
      compared++;
    }
  }
  return { rms: Math.sqrt(sum / compared), compared };
}

describe('warp', () => {
  const cases: [string, Similarity][] = [
    ['nothing', similarity(1, 0, 0, 0)],
    ['a whole shift', similarity(1, 0, 17, -9)],
    ['half a pixel', similarity(1, 0, 0.5, -0.5)],
    ['a turn', similarity(1, 23.4, 60.3, -20.8)],
    ['a turn the other way', similarity(1, -61.2, -20.25, 150.75)],
    ['upside down', similarity(1, 180, 200, 180)],
    ['enlarging', similarity(2.37, 11, -150.4, -130.9)],
    ['shrinking', similarity(0.43, -14, 30.2, 25.6)],
    ['shrinking and turning far', similarity(0.61, 121, 170.7, 40.1)],
  ];
  it.each(cases)('puts every pixel where the similarity says: %s', async (_, matrix) => {
    const target = await warp(drawn(), matrix, { width: 180, height: 150 }, 255);
    expect([target.width, target.height, target.channels]).toEqual([180, 150, 3]);
    const { rms, compared } = difference(target, matrix);
    expect(compared).toBeGreaterThan(2000);
    expect(rms).toBeLessThan(0.8);
  });

  it('would notice two tenths of a pixel', async () => {
    const matrix = similarity(1, 23.4, 60.3, -20.8);
    const target = await warp(drawn(), matrix, { width: 180, height: 150 }, 255);
    expect(difference(target, { ...matrix, tx: matrix.tx + 0.2 }).rms).toBeGreaterThan(0.8);
  });

  it('fills what lies outside the picture with the border', async () => {
    const target = await warp(drawn(), similarity(1, 0, 100, 0), { width: 150, height: 50 }, 255);
    expect([...target.data.subarray(0, 95 * 3)]).toEqual(Array(95 * 3).fill(255));
    const nothing = await warp(drawn(), similarity(1, 0, 5000, 0), { width: 9, height: 7 }, 3);
    expect(nothing).toMatchObject({ width: 9, height: 7, channels: 3 });
    expect([...nothing.data]).toEqual(Array(189).fill(3));
  });

  it('shows surroundings far beyond a large picture', async () => {
    const large: RawImage = {
      data: new Uint8Array(4000 * 3000 * 3).fill(90),
      width: 4000,
      height: 3000,
      channels: 3,
    };
    const target = await warp(large, similarity(0.03, 30, 100, 60), { width: 288, height: 288 }, 'mirror');
    expect([...target.data].filter((value) => Math.abs(value - 90) > 1)).toEqual([]);
  });

  it('or goes on mirrored, and is the same inside', async () => {
    const size = { width: 260, height: 210 };
    for (const matrix of [
      similarity(1, 0, 20, 15),
      similarity(0.8, 9, 30, 10),
      similarity(1.4, -5, -40.5, -30.5),
    ]) {
      const target = await warp(drawn(), matrix, size, 'mirror');
      const plain = await warp(drawn(), matrix, size, 0);
      expect(difference(target, matrix).rms).toBeLessThan(0.8);
      expect(difference(plain, matrix).rms).toBeLessThan(0.8);
      expect(target.data.filter((value) => value === 0)).toHaveLength(0);
    }
    const beside = await warp(drawn(), similarity(1, 0, 20, 0), size, 'mirror');
    const at = (x: number) => beside.data[(50 * 260 + x) * 3] as number;
    for (const x of [0, 7, 19]) expect(at(19 - x)).toBe(at(20 + x));
  });
});

describe('fitSimilarity', () => {
  it('finds the similarity that made the points', () => {
    const truth = similarity(0.37, 33, 12.5, -40.25);
    const source = [
      { x: 10, y: 20 },
      { x: 90, y: 25 },
      { x: 50, y: 70 },
      { x: 20, y: 110 },
    ];
    const fit = fitSimilarity(
      source,
      source.map((point) => apply(truth, point)),
    );
    for (const key of ['a', 'b', 'tx', 'ty'] as const) expect(fit[key]).toBeCloseTo(truth[key], 9);
  });

  it('is the best compromise when no similarity fits', () => {
    const square = [
      { x: -1, y: -1 },
      { x: 1, y: -1 },
      { x: 1, y: 1 },
      { x: -1, y: 1 },
    ];
    const fit = fitSimilarity(
      square,
      square.map(({ x, y }) => ({ x: x * 3, y: y * 1 })),
    );
    expect(fit.a).toBeCloseTo(2, 12);
    expect(fit.b).toBeCloseTo(0, 12);
  });
});
