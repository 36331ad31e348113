/** An alpha mask takes over the edges of its photo. */
import { describe, expect, it } from 'vitest';
import { guidedFilter } from '../../../src/inference/cutout/guided-filter.ts';
import { Kernels } from '../../../src/inference/image/kernels.ts';
import type { RawImage } from '../../../src/inference/image/raw-image.ts';

const [WIDTH, HEIGHT] = [61, 300];
const OPTIONS = { radius: 6, epsilon: 1e-3 };
/** Dark left of `edge`, light right of it. */
const photo = (edge: number): RawImage => {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < WIDTH * HEIGHT; i++) data.fill(i % WIDTH < edge ? 40 : 210, 3 * i, 3 * i + 3);
  return { data, width: WIDTH, height: HEIGHT, channels: 3 };
};
const mask = (value: (x: number, y: number) => number): RawImage => ({
  data: Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => value(i % WIDTH, Math.floor(i / WIDTH))),
  width: WIDTH,
  height: HEIGHT,
  channels: 1,
});

/** The filter by its definition: every window summed up. */
function byDefinition(alpha: RawImage, guide: RawImage, radius: number, epsilon: number): number[] {
  const at = (x: number, y: number) => y * WIDTH + x;
  const mean = (values: ArrayLike<number>) =>
    Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
      const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
      let [sum, count] = [0, 0];
      for (let v = Math.max(0, y - radius); v <= Math.min(HEIGHT - 1, y + radius); v++) {
        for (let u = Math.max(0, x - radius); u <= Math.min(WIDTH - 1, x + radius); u++) {
          sum += values[at(u, v)] as number;
          count++;
        }
      }
      return sum / count;
    });
  const light = Array.from(alpha.data, (_, i) => {
    const [r, g, b] = guide.data.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
    return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
  });
  const value = Array.from(alpha.data, (one) => one / 255);
  const [l, m] = [mean(light), mean(value)];
  const squares = mean(light.map((one) => one * one));
  const products = mean(light.map((one, i) => one * (value[i] as number)));
  const gain = l.map((one, i) => {
    const variance = (squares[i] as number) - one * one;
    return ((products[i] as number) - one * (m[i] as number)) / (variance + epsilon);
  });
  const offset = l.map((one, i) => (m[i] as number) - (gain[i] as number) * one);
  const [gains, offsets] = [mean(gain), mean(offset)];
  return light.map((one, i) =>
    Math.round(255 * Math.min(1, Math.max(0, (gains[i] as number) * one + (offsets[i] as number)))),
  );
}

describe('guidedFilter', () => {
  const kernels = new Kernels();

  it('moves a soft edge that is three pixels off to where the photo has it', () => {
    const soft = mask((x) => 255 * Math.min(1, Math.max(0, (29 - x) / 8 + 0.5)));
    const out = guidedFilter(soft, photo(32), kernels, OPTIONS);
    const row = out.data.subarray(20 * WIDTH, 21 * WIDTH);
    expect((row[31] as number) - (row[32] as number)).toBeGreaterThan(128);
    expect(Math.abs((soft.data[31] as number) - (soft.data[32] as number))).toBeLessThan(51);
    expect(row[10]).toBeGreaterThan(242);
    expect(row[55]).toBeLessThan(13);
  });

  it('leaves flat masks as they are, up to the corners', () => {
    for (const value of [0, 128, 255]) {
      for (const one of guidedFilter(
        mask(() => value),
        photo(20),
        kernels,
        OPTIONS,
      ).data)
        expect(Math.abs(one - value)).toBeLessThan(2);
    }
  });

  it('is what its definition says, also where one strip of rows ends and the next begins', () => {
    let state = 7;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const guide = photo(25);
    for (let i = 0; i < guide.data.length; i++) guide.data[i] = (guide.data[i] as number) + 40 * random();
    const alpha = mask((x, y) => (Math.hypot(x - 30, y - 130) < 28 + 6 * random() ? 255 : 0));
    const out = guidedFilter(alpha, guide, kernels, OPTIONS);
    const expected = byDefinition(alpha, guide, OPTIONS.radius, OPTIONS.epsilon);
    expect(Math.max(...expected.map((one, i) => Math.abs(one - (out.data[i] as number))))).toBeLessThan(2);
  });

  it('draws a range apart', () => {
    const out = guidedFilter(
      mask((x) => (x < 30 ? 51 : 204)),
      photo(30),
      kernels,
      { ...OPTIONS, range: [0.3, 0.7] },
    );
    expect([out.data[5], out.data[55]]).toEqual([0, 255]);
  });
});
