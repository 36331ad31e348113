/** A style that draws everybody pale gets people's skin tone back: on skin, nowhere else, and not for light skin. */
import { describe, expect, it } from 'vitest';
import { preserveSkinTone } from '../../../src/inference/drawing/skin-tone.ts';
import { Kernels } from '../../../src/inference/image/kernels.ts';
import type { RawImage } from '../../../src/inference/image/raw-image.ts';

type Colour = readonly [number, number, number];
const SIDE = 288;
const DARK: Colour = [110, 70, 50];
const LIGHT: Colour = [225, 180, 160];
const PALE: Colour = [248, 219, 210];
const WALL: Colour = [250, 250, 250];

function inFace(x: number, y: number): boolean {
  return Math.hypot((x - 146) / 80, (y - 168) / 105) < 1;
}

function inEye(x: number, y: number): boolean {
  return Math.hypot((x - 112) / 22, (y - 137) / 14) < 1;
}

function picture(colour: (x: number, y: number) => Colour): RawImage {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) data.set(colour(i % SIDE, Math.floor(i / SIDE)), 3 * i);
  return { data, width: SIDE, height: SIDE, channels: 3 };
}

/** A face of this skin before a white wall, with hands at the bottom. */
const photoOf = (skin: Colour) => picture((x, y) => (inFace(x, y) || y > 270 ? skin : WALL));
/** What the style makes of anybody: pale skin, a white eye larger than in life, a dark mouth, the wall as it is. */
const cartoon = picture((x, y) => {
  if (inEye(x, y)) return WALL;
  if (Math.abs(y - 216) < 2 && Math.abs(x - 146) < 30) return [140, 110, 104];
  return inFace(x, y) || y > 270 ? PALE : WALL;
});
const at = ({ data }: RawImage, x: number, y: number) => [
  ...data.subarray((y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3),
];
const sum = (p: RawImage, x: number, y: number) => at(p, x, y).reduce((one, other) => one + other, 0);

async function kept(skin: Colour, share: number): Promise<{ head: RawImage; background: RawImage }> {
  const drawn = { input: photoOf(skin), cartoon };
  const { heads, background } = await preserveSkinTone(drawn, [drawn], share, new Kernels());
  return { head: heads[0]?.cartoon as RawImage, background: background.cartoon };
}

describe('keepSkin', () => {
  it('darkens drawn skin of dark people, warmly, and by the share', async () => {
    const before = sum(cartoon, 180, 180);
    const [half, most] = [await kept(DARK, 0.4), await kept(DARK, 0.8)];
    expect(sum(half.head, 180, 180)).toBeLessThan(0.8 * before);
    expect(sum(most.head, 180, 180)).toBeLessThan(0.75 * sum(half.head, 180, 180));
    const [red, green, blue] = at(most.head, 180, 180) as [number, number, number];
    expect(red).toBeGreaterThan(green);
    expect(green).toBeGreaterThan(blue);
  });

  it('evenly, and with its lines', async () => {
    const { head } = await kept(DARK, 0.6);
    const values = [
      [100, 190],
      [190, 190],
      [146, 90],
      [146, 250],
    ].map(([x, y]) => sum(head, x as number, y as number));
    expect(Math.max(...values) - Math.min(...values)).toBeLessThan(30);
    // A mouth that was at 55 % of the skin's brightness stays clearly darker.
    expect(sum(head, 146, 216)).toBeLessThan(0.75 * sum(head, 146, 200));
  });

  it('leaves eyes and walls white', async () => {
    const { head } = await kept(DARK, 0.8);
    expect(at(head, 112, 137)).toEqual([...WALL]);
    expect(at(head, 20, 20)).toEqual([...WALL]);
  });

  it('tones other skin in the picture as well', async () => {
    const { background } = await kept(DARK, 0.6);
    expect(sum(background, 146, 280)).toBeLessThan(0.85 * sum(cartoon, 146, 280));
    expect(at(background, 20, 20)).toEqual([...WALL]);
  });

  it('draws light skin exactly as the style does', async () => {
    const { head, background } = await kept(LIGHT, 0.8);
    expect(head).toBe(cartoon);
    expect(background).toBe(cartoon);
  });

  it('does nothing without a face', async () => {
    const drawn = { input: photoOf(DARK), cartoon };
    const result = await preserveSkinTone(drawn, [], 0.6, new Kernels());
    expect(result).toEqual({ background: drawn, heads: [] });
  });
});
