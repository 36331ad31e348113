/** How far a drawing goes: the photo at 0, the style's own cartoon at 100, an exaggeration beyond. */
import { describe, expect, it } from 'vitest';
import { atStrength, checkStrength, isStrength } from '../../../src/inference/drawing/strength.ts';
import type { RawImage } from '../../../src/inference/image/raw-image.ts';

const pixels = (...data: number[]): RawImage => ({
  data: Uint8Array.from(data),
  width: data.length / 3,
  height: 1,
  channels: 3,
});
const input = pixels(100, 100, 100, 10, 240, 0);
const cartoon = pixels(120, 60, 100, 0, 255, 40);

describe('strength', () => {
  it.each([
    [0, [100, 100, 100, 10, 240, 0]],
    [50, [110, 80, 100, 5, 248, 20]],
    [100, [120, 60, 100, 0, 255, 40]],
    // What goes over black and white is clipped.
    [150, [130, 40, 100, 0, 255, 60]],
  ])('%i per cent', (strength, expected) => {
    const drawn = atStrength({ input, cartoon }, strength);
    expect([...drawn.cartoon.data]).toEqual(expected);
    expect(drawn.input).toBe(input);
    expect([...cartoon.data]).toEqual([120, 60, 100, 0, 255, 40]);
  });

  it('is a whole number from 0 to 150', () => {
    for (const right of [0, 1, 100, 150]) expect(isStrength(right)).toBe(true);
    for (const wrong of [-1, 151, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => checkStrength(wrong)).toThrow(RangeError);
    }
  });
});
