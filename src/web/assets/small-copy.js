// @ts-check
/** Small copies of photos: for previews of the styles, and for a first look over a slow line. */
import { recoded } from './canvas.js';

/** Long side in pixels: enough for a face to be found, cheap to draw and to send (about 30 kB). */
const SMALL_PIXELS = 448;

/** A copy for a slow line: of the same size in pixels, and still better than what most cameras of phones write. */
const LIGHT_QUALITY = 0.8;
/** Below this share of the bytes a copy is worth it. */
const LIGHT_SHARE = 0.85;

/**
 * The same photo in fewer bytes, for a slow line; the photo itself where that would not help. WebP, or JPEG of browsers that write
 * no WebP.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function lighter(file) {
  try {
    const webp = await recoded(file, 'image/webp', LIGHT_QUALITY);
    const copy = webp.type === 'image/webp' ? webp : await recoded(file, 'image/jpeg', LIGHT_QUALITY);
    return copy.size < file.size * LIGHT_SHARE ? copy : file;
  } catch {
    return file;
  }
}

/** A small JPEG of a photo. @param {File} file */
export const shrink = (file) => recoded(file, 'image/jpeg', 0.85, SMALL_PIXELS);
