/** The finished picture as a file, by the browser's encoder. A canvas knows no metadata, so none can leave. */
import type { RawImage } from '../../../inference/image/raw-image.ts';

/** Browsers halve the chroma below quality 1, where files are three times as large; this makes up for some of it. */
const QUALITY = 0.97;
/** Rows that are written to the canvas at once. */
const STRIP = 256;

/** A JPEG of an RGB or grey picture. */
export async function encode({ data, width, height, channels }: RawImage): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) throw new Error('no canvas');
  const strip = new ImageData(width, Math.min(STRIP, height));
  const rgba = strip.data.fill(255);
  for (let top = 0; top < height; top += STRIP) {
    const pixels = Math.min(STRIP, height - top) * width;
    let from = top * width * channels;
    for (let to = 0; to < 4 * pixels; to += 4) {
      rgba[to] = data[from] as number;
      rgba[to + 1] = data[channels === 3 ? from + 1 : from] as number;
      rgba[to + 2] = data[channels === 3 ? from + 2 : from] as number;
      from += channels;
    }
    context.putImageData(strip, 0, top);
  }
  return await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}
