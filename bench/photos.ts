/** Photos of any size with 0, 1 or 5 faces, as files. Grain makes them as hard to code as a camera's. */
import sharp from 'sharp';
import { astronaut, rocket, row } from '../test/support/photos.ts';

export async function photo(width: number, height: number, faces: 0 | 1 | 5): Promise<Buffer> {
  const source = faces === 0 ? await rocket() : faces === 1 ? await astronaut() : await row(5);
  const scene =
    faces === 5
      ? // Five in a row are wider than any photo: they stand in the middle of one.
        sharp(source).resize(width, height, { fit: 'contain', background: '#789' })
      : sharp(source).resize(width, height, { fit: 'cover', position: 'top' });
  const grain = sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#808080',
      noise: { type: 'gaussian', mean: 128, sigma: 6 },
    },
  });
  return await scene
    .removeAlpha()
    .composite([{ input: await grain.png({ compressionLevel: 1 }).toBuffer(), blend: 'soft-light' }])
    .jpeg({ quality: 92 })
    .toBuffer();
}
