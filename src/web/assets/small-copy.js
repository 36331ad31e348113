// @ts-check
/** Small copies of photos: for previews of the styles, and for a first look over a slow line. */
import { recoded } from './canvas.js';

/** Long side in pixels: enough for a face to be found, cheap to draw and to send (about 30 kB). */
const SMALL_PIXELS = 448;

/** A small JPEG of a photo. @param {File} file */
export const shrink = (file) => recoded(file, 'image/jpeg', 0.85, SMALL_PIXELS);
