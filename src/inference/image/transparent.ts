/** Pictures with transparency. Apart from `raw-image.ts`, which browsers run as well. */
import type { Sharp } from 'sharp';
import { open, type RawImage, render } from './raw-image.ts';

/** A picture with an alpha channel. */
export async function transparent(picture: RawImage, alpha: RawImage): Promise<Sharp> {
  const { width, height } = picture;
  const colours = picture.channels === 3 ? picture : await render(open(picture).toColourspace('srgb'));
  return open(colours).joinChannel(asBuffer(alpha), { raw: { width, height, channels: 1 } });
}

/** The same samples as a Buffer, which sharp wants for second inputs; no copy. */
function asBuffer({ data }: RawImage): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
