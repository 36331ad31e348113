import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { crop, extend } from '../../../src/inference/image/frame.ts';
import { open, type RawImage, render } from '../../../src/inference/image/raw-image.ts';

/** Every byte is another one. */
function picture(width: number, height: number, channels: 1 | 3): RawImage {
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => (i * 37 + (i >> 8) * 11) % 256,
  );
  return { data, width, height, channels };
}

/** The same bytes as plain numbers, whatever kind of array holds them. */
const plain = ({ data, ...rest }: RawImage) => ({ ...rest, data: [...data] });

const SIDES = [
  { left: 2, top: 2, right: 2, bottom: 2 },
  { left: 0, top: 0, right: 11, bottom: 0 },
  { left: 3, top: 0, right: 0, bottom: 5 },
  { left: 13, top: 9, right: 14, bottom: 8 }, // as wide as the picture
  { left: 30, top: 21, right: 40, bottom: 25 }, // wider
];

describe('extend', () => {
  it.each(SIDES)('mirrors as libvips does: %o', async (sides) => {
    const small = picture(14, 9, 3);
    const expected = await render(open(small).extend({ ...sides, extendWith: 'mirror' }));
    expect(plain(extend(small, sides, 'mirror'))).toEqual(plain(expected));
  });

  it.each([0, 200])('lays a border of grey %i', async (grey) => {
    const background = { r: grey, g: grey, b: grey };
    for (const sides of SIDES) {
      const small = picture(14, 9, 3);
      const expected = await render(open(small).extend({ ...sides, background }));
      expect(plain(extend(small, sides, grey))).toEqual(plain(expected));
    }
  });

  it('does the same with grey pictures', async () => {
    const sides = { left: 4, top: 1, right: 2, bottom: 3 };
    const small = picture(7, 5, 1);
    const expected = await sharp(small.data, { raw: { width: 7, height: 5, channels: 1 } })
      .extend({ ...sides, extendWith: 'mirror' })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    expect([...extend(small, sides, 'mirror').data]).toEqual([...expected]);
  });

  it('gives a picture back as it is where there is nothing to add', () => {
    const small = picture(4, 4, 3);
    expect(extend(small, { left: 0, top: 0, right: 0, bottom: 0 }, 'mirror')).toBe(small);
  });
});

describe('crop', () => {
  it.each([1, 3] as const)('copies a part, %i channels', async (channels) => {
    const box = { left: 3, top: 2, width: 6, height: 5 };
    const large = picture(14, 9, channels);
    expect(plain(crop(large, box))).toEqual(plain(await render(open(large).extract(box))));
  });

  it('gives a picture back where all of it is wanted', () => {
    const large = picture(4, 4, 3);
    expect(crop(large, { left: 0, top: 0, width: 4, height: 4 })).toBe(large);
  });
});
