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
  canvas.getContext('2d')?.drawImage(full, 0, 0, canvas.width, canvas.height);
  full.close();
  return await blobOf(canvas, type, quality);
}
