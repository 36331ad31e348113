// @ts-check
/** Pictures through a canvas: another size, another encoding. */
import { make } from './dom.js';

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string} type
 * @param {number} [quality] 0..1
 * @returns {Promise<Blob>} rejects where the browser cannot make it
 */
export function blobOf(canvas, type, quality) {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), type, quality),
  );
}

/**
 * A picture as another file, made by the browser's own decoder and scaler.
 * @param {Blob} picture
 * @param {string} type
 * @param {number} [quality] 0..1
 * @param {number} [longest] pixels of its long side at most
 * @returns {Promise<Blob>} rejects where the browser cannot read or write it
 */
export async function recoded(picture, type, quality, longest = Infinity) {
  const full = await createImageBitmap(picture);
  const scale = Math.min(1, longest / Math.max(full.width, full.height));
  const canvas = make('canvas', {
    width: Math.max(1, Math.round(full.width * scale)),
    height: Math.max(1, Math.round(full.height * scale)),
  });
  const context = canvas.getContext('2d');
  if (context && type === 'image/jpeg') {
    // JPEG has no transparency, and what is transparent would be black.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context?.drawImage(full, 0, 0, canvas.width, canvas.height);
  full.close();
  return await blobOf(canvas, type, quality);
}

/** Formats that may be transparent. */
const WITH_ALPHA = /^image\/(png|webp|gif|avif)$/;
/** Enough to find a transparent part that matters. */
const LOOK_PIXELS = 64;

/**
 * Whether something of a picture is transparent. One that the browser cannot read is not.
 * @param {Blob} picture
 */
export async function isTransparent(picture) {
  if (!WITH_ALPHA.test(picture.type)) return false;
  try {
    const full = await createImageBitmap(picture);
    const canvas = make('canvas', { width: LOOK_PIXELS, height: LOOK_PIXELS });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context?.drawImage(full, 0, 0, LOOK_PIXELS, LOOK_PIXELS);
    full.close();
    const samples = context?.getImageData(0, 0, LOOK_PIXELS, LOOK_PIXELS).data ?? [];
    return samples.some((sample, index) => index % 4 === 3 && sample < 250);
  } catch {
    return false;
  }
}
