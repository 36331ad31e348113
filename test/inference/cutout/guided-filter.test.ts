/** An alpha mask takes over the edges of its photo. */
import { describe, expect, it } from 'vitest';
import { guidedFilter } from '../../../src/inference/cutout/guided-filter.ts';
import type { RawImage } from '../../../src/inference/image/raw-image.ts';

const SIDE = 64;
/** Dark left of `edge`, light right of it. */
const photo = (edge: number): RawImage => {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) data.fill(i % SIDE < edge ? 40 : 210, 3 * i, 3 * i + 3);
  return { data, width: SIDE, height: SIDE, channels: 3 };
};

describe('guidedFilter', () => {
  it('moves a soft edge that is three pixels off to where the photo has it', () => {
    const soft = Float32Array.from({ length: SIDE * SIDE }, (_, i) =>
      Math.min(1, Math.max(0, (29 - (i % SIDE)) / 8 + 0.5)),
    );
    const out = guidedFilter(soft, photo(32), 6, 1e-3);
    const row = out.subarray(20 * SIDE, 21 * SIDE);
    expect((row[31] as number) - (row[32] as number)).toBeGreaterThan(0.5);
    expect(Math.abs((soft[31] as number) - (soft[32] as number))).toBeLessThan(0.2);
    expect(row[10]).toBeGreaterThan(0.95);
    expect(row[55]).toBeLessThan(0.05);
  });

  it('leaves flat masks as they are, up to the corners', () => {
    for (const value of [0, 0.5, 1]) {
      const out = guidedFilter(new Float32Array(SIDE * SIDE).fill(value), photo(20), 6, 1e-3);
      for (const one of out) expect(one).toBeCloseTo(value, 4);
    }
  });
});
