import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { jpegSize } from '../../../src/inference/image/container.ts';

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#a50' } });

describe('jpegSize', () => {
  it.each<[string, Promise<Buffer>]>([
    ['baseline', picture(300, 200).jpeg().toBuffer()],
    ['progressive', picture(300, 200).jpeg({ progressive: true }).toBuffer()],
    ['with EXIF', picture(300, 200).withMetadata({ orientation: 6 }).jpeg().toBuffer()],
  ])('reads the header of a JPEG: %s', async (_, photo) => {
    expect(jpegSize(await photo)).toEqual({ width: 300, height: 200 });
  });

  it('has nothing to say about other files, cut ones and rubbish', async () => {
    const jpeg = await picture(300, 200).jpeg().toBuffer();
    expect(jpegSize(await picture(300, 200).png().toBuffer())).toBeUndefined();
    for (let length = 0; length < 40; length += 1) expect(jpegSize(jpeg.subarray(0, length))).toBeUndefined();
    expect(jpegSize(Buffer.from([0xff, 0xd8, 0xff, ...Array(2000).fill(0xff)]))).toBeUndefined();
    expect(jpegSize(Buffer.from([0xff, 0xd8, 0xff, 0xe0, ...Array(2000).fill(0)]))).toBeUndefined();
  });
});
