/** The compiled kernels: made of the sources that lie beside them, and right to the rounding. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { digestOfSources } from '../../../scripts/kernels.ts';
import { DetailTransfer } from '../../../src/inference/drawing/detail-transfer.ts';
import { Kernels } from '../../../src/inference/image/kernels.ts';
import type { RawImage } from '../../../src/inference/image/raw-image.ts';

/** Numbers without pattern, the same in every run (mulberry32). */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A grey picture, as RGB. */
function picture(width: number, height: number, grey: (x: number, y: number) => number): RawImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      data.fill(Math.round(grey(x, y)), (y * width + x) * 3, (y * width + x) * 3 + 3);
  }
  return { data, width, height, channels: 3 };
}

function grain(width: number, height: number, seed: number): RawImage {
  const random = noise(seed);
  return picture(width, height, () => 20 + 160 * random());
}

/** The gains of a drawing: its last value of four per pixel, in 4096ths. */
function gains(photo: RawImage, cartoon: RawImage): number[] {
  const { data } = new DetailTransfer(new Kernels()).fit(photo, cartoon);
  const values = new Int16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  return Array.from({ length: photo.width * photo.height }, (_, i) => (values[4 * i + 3] as number) / 4096);
}

/** The regression of kernels/gain.ts, word for word as its comment says it, in double precision. */
function expectedGains(photo: RawImage, cartoon: RawImage): number[] {
  const { width, height } = photo;
  const at = (p: RawImage, x: number, y: number) =>
    p.data[(clamp(y, height) * width + clamp(x, width)) * 3] as number;
  const clamp = (i: number, size: number) => Math.max(0, Math.min(size - 1, i));
  const mean = (value: (x: number, y: number) => number) => (x: number, y: number) => {
    let sum = 0;
    for (let v = -2; v <= 2; v++) for (let u = -2; u <= 2; u++) sum += value(x + u, y + v);
    return sum / 25;
  };
  const [p, c] = [(x: number, y: number) => at(photo, x, y), (x: number, y: number) => at(cartoon, x, y)];
  const raw = (x0: number, y0: number) => {
    const [x, y] = [clamp(x0, width), clamp(y0, height)];
    const [mp, mc] = [mean(p)(x, y), mean(c)(x, y)];
    const vp = mean((u, v) => p(u, v) ** 2)(x, y) - mp ** 2 + 12;
    const vc = mean((u, v) => c(u, v) ** 2)(x, y) - mc ** 2 + 12;
    const cov = Math.max(0, mean((u, v) => p(u, v) * c(u, v))(x, y) - mp * mc);
    return (cov / vp) * ((cov * cov) / (vp * vc));
  };
  const smooth = mean(raw);
  return Array.from({ length: width * height }, (_, i) =>
    Math.min(1.5, smooth(i % width, Math.floor(i / width))),
  );
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

describe('kernels', () => {
  // That they are compiled from kernels/ byte for byte is checked by `npm run kernels -- --check`, which needs the compiler.
  it('were compiled from kernels/ as it is now', async () => {
    const committed = await readFile(
      new URL('../../../src/inference/image/kernels.wasm.ts', import.meta.url),
      'utf8',
    );
    expect(committed).toContain(`SHA-256 ${digestOfSources()}`);
  });

  it('have memory for any size, and keep areas apart', () => {
    const kernels = new Kernels();
    const sizes = [1, 0, 37, 5_000_000, 16];
    const starts = kernels.areas(...sizes);
    for (const [i, start] of starts.entries())
      kernels.write(start, new Uint8Array(sizes[i] ?? 0).fill(i + 1));
    for (const [i, start] of starts.entries()) {
      const area = kernels.bytes(start, sizes[i] ?? 0);
      expect(area.every((value) => value === i + 1)).toBe(true);
    }
  });
});

describe('gain', () => {
  it('is the slope where the cartoon follows the photo', () => {
    const photo = grain(56, 40, 1);
    for (const slope of [0.5, 1, 1.3]) {
      const follows = picture(56, 40, (x, y) => slope * (photo.data[(y * 56 + x) * 3] as number));
      expect(Math.abs(median(gains(photo, follows)) - slope)).toBeLessThan(0.05);
    }
  });

  it('is zero where it does not', () => {
    const photo = grain(56, 40, 1);
    const flat = picture(56, 40, () => 120);
    const negative = picture(56, 40, (x, y) => 255 - (photo.data[(y * 56 + x) * 3] as number));
    expect(Math.max(...gains(photo, flat))).toBe(0);
    expect(Math.max(...gains(photo, negative))).toBe(0);
    expect(Math.max(...gains(flat, photo))).toBe(0);
    expect(median(gains(photo, grain(56, 40, 2)))).toBeLessThan(0.05);
  });

  it.each([
    [1, 1],
    [2, 9],
    [13, 1],
    [31, 17],
    [64, 5],
  ])('is what the formula says, at the edges too: %i x %i', (width, height) => {
    const photo = grain(width, height, 3);
    const random = noise(4);
    const cartoon = picture(width, height, (x, y) =>
      Math.min(255, 0.8 * (photo.data[(y * width + x) * 3] as number) + 60 * random()),
    );
    const [found, expected] = [gains(photo, cartoon), expectedGains(photo, cartoon)];
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i] as number, 2);
  });

  it('is bounded', () => {
    const photo = grain(40, 40, 5);
    const dim = picture(40, 40, (x, y) => 100 + ((photo.data[(y * 40 + x) * 3] as number) - 100) / 4);
    expect(Math.max(...gains(dim, photo))).toBe(1.5);
  });
});
