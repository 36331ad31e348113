// @ts-check
/** Small copies of photos: for previews of the styles, and for a first look over a slow line. */
import { make } from './dom.js';

/** Long side in pixels: enough for a face to be found, cheap to draw and to send (about 30 kB). */
const SMALL_PIXELS = 448;

/**
 * A small JPEG of a photo, made by the browser's own scaler.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function shrink(file) {
  const full = await createImageBitmap(file);
  const scale = Math.min(1, SMALL_PIXELS / Math.max(full.width, full.height));
  const canvas = make('canvas', {
    width: Math.max(1, Math.round(full.width * scale)),
    height: Math.max(1, Math.round(full.height * scale)),
  });
  canvas.getContext('2d')?.drawImage(full, 0, 0, canvas.width, canvas.height);
  full.close();
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no preview'))), 'image/jpeg', 0.85),
  );
}
