// @ts-check
/**
 * How far the drawing goes, chosen by eye: photo and finished cartoon are mixed here, so that nothing is drawn anew while the
 * slider moves. 0 is the photo, 100 the cartoon as it came, more exaggerates.
 */
import { blobOf } from './canvas.js';
import { find, make, page } from './dom.js';
import { keepStrength, lastStrength } from './keeper.js';

/** @typedef {import('./photos.js').Photo} Photo */
/** @typedef {import('./photos.js').Photos} Photos */

const USUAL = 100;
/** Long side of what is mixed while the slider moves. */
const PREVIEW_PIXELS = 1000;
const QUALITY = 0.92;

const slider = /** @type {HTMLInputElement} */ (find('#strength'));
const shown = find('#strength-value');
const canvas = /** @type {HTMLCanvasElement} */ (find('.mixed'));

const percentage = new Intl.NumberFormat(page.locale, { style: 'percent' });

/** Per cent. */
const strength = () => Number(slider.value);

/**
 * Mixes two pictures into a canvas, whose size it is; both cover it.
 * @param {HTMLCanvasElement} target
 * @param {CanvasImageSource} photo
 * @param {CanvasImageSource} cartoon
 * @param {number} percent
 */
function mixInto(target, photo, cartoon, percent) {
  const { width, height } = target;
  const context = target.getContext('2d', { willReadFrequently: true });
  if (!context) return;
  context.clearRect(0, 0, width, height);
  context.drawImage(photo, 0, 0, width, height);
  const from = context.getImageData(0, 0, width, height).data;
  context.clearRect(0, 0, width, height);
  context.drawImage(cartoon, 0, 0, width, height);
  const picture = context.getImageData(0, 0, width, height);
  const to = picture.data;
  const share = percent / 100;
  // The array rounds and clips. Alpha is mixed as well, and the same in both.
  for (let i = 0; i < to.length; i++) {
    const start = from[i] ?? 0;
    to[i] = start + share * ((to[i] ?? 0) - start);
  }
  context.putImageData(picture, 0, 0);
}

/** @param {Photo} photo @param {string} style */
async function pictures(photo, style) {
  const cartoon = photo.cartoons.get(style);
  if (!cartoon) return undefined;
  // A photo that this browser cannot show has nothing to be mixed with.
  const before = await createImageBitmap(photo.file).catch(() => undefined);
  return before && { before, after: await createImageBitmap(cartoon.blob) };
}

/**
 * A cartoon at the chosen strength, in full size; as it came where that is the usual one.
 * @param {Photo} photo
 * @param {string} style
 * @returns {Promise<Blob | undefined>}
 */
export async function atStrength(photo, style) {
  const usual = photo.cartoons.get(style)?.blob;
  const percent = strength();
  if (!usual || percent === USUAL) return usual;
  const found = await pictures(photo, style);
  if (!found) return usual;
  const { before, after } = found;
  const full = make('canvas', { width: after.width, height: after.height });
  mixInto(full, before, after, percent);
  before.close();
  after.close();
  const type = usual.type === 'image/png' ? usual.type : 'image/jpeg';
  return await blobOf(full, type, QUALITY).catch(() => usual);
}

/** @param {Photos} photos */
export function mountStrength(photos) {
  /** What `before` and `after` belong to. */
  let key = '';
  /** @type {{before: ImageBitmap, after: ImageBitmap} | undefined} */
  let loaded;
  let turn = 0;

  async function render() {
    const percent = strength();
    shown.textContent = percentage.format(percent / 100);
    slider.setAttribute('aria-valuetext', shown.textContent);
    const mine = ++turn;
    const photo = photos.current;
    const cartoon = photo?.cartoons.get(photo.style);
    if (!photo || !cartoon || percent === USUAL) {
      canvas.hidden = true;
      return;
    }
    const wanted = cartoon.url;
    if (wanted !== key) {
      const found = await pictures(photo, photo.style);
      if (mine !== turn) return;
      loaded?.before.close();
      loaded?.after.close();
      loaded = found;
      key = found ? wanted : '';
    }
    if (!loaded) {
      canvas.hidden = true;
      return;
    }
    const { width, height } = loaded.after;
    const scale = Math.min(1, PREVIEW_PIXELS / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    mixInto(canvas, loaded.before, loaded.after, percent);
    canvas.hidden = false;
  }

  slider.value = String(lastStrength() ?? USUAL);
  slider.addEventListener('input', () => void render());
  slider.addEventListener('change', () => keepStrength(strength()));
  for (const news of ['list', 'change']) photos.addEventListener(news, () => void render());
  void render();
}
