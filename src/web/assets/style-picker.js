// @ts-check
/** The style picker. Once the user's photo is drawn, every style shows that photo in it, drawn small and one after another. */
import { drawAtOnce } from './api.js';
import { drawsHere } from './device.js';
import { find, make } from './dom.js';
import { keepStyle, lastStyle } from './keeper.js';
import { shrink } from './small-copy.js';

/** @typedef {import('./photos.js').Photo} Photo */
/** @typedef {import('./photos.js').Photos} Photos */

const radios = () =>
  /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('.style-option input[type=radio]')]);

export function chosenStyle() {
  return radios().find(({ checked }) => checked)?.value ?? '';
}

/** @param {string} style */
export function titleOf(style) {
  const radio = radios().find(({ value }) => value === style);
  return radio?.parentElement?.querySelector('.style-name')?.textContent ?? style;
}

/** @param {Photos} photos */
export function mountStylePicker(photos) {
  /** Previews by photo, so that going back to a photo costs nothing. @type {WeakMap<Photo, Map<string, string>>} */
  const previews = new WeakMap();
  /** @type {AbortController | undefined} */
  let running;
  /** @type {Photo | undefined} */
  let pictured;
  /** What each style looks like on somebody else, where the page brings it. @type {Map<string, string>} */
  const examples = new Map();
  /** What the page shows before there is a photo. @type {Map<string, Node>} */
  const swatches = new Map();
  for (const radio of radios()) {
    const swatch = swatchOf(radio);
    swatches.set(radio.value, swatch.cloneNode(true));
    const example = swatch.querySelector('img')?.getAttribute('src');
    if (example) examples.set(radio.value, example);
  }

  for (const radio of radios()) {
    if (radio.value === lastStyle()) radio.checked = true;
    radio.addEventListener('change', () => {
      keepStyle(radio.value);
      photos.restyle(radio.value);
    });
  }

  photos.addEventListener('list', () => {
    const photo = photos.current;
    if (!photo) {
      running?.abort();
      running = undefined;
      pictured = undefined;
      for (const radio of radios()) swatchOf(radio).replaceChildren(...copies(swatches.get(radio.value)));
      return;
    }
    for (const radio of radios()) radio.checked = radio.value === photo.style;
    if (photo !== pictured) {
      running?.abort();
      running = undefined;
    }
    pictured = photo;
    // What was drawn on an earlier visit, too.
    const drawn = new Map([...photo.cartoons].map(([style, { url }]) => [style, url]));
    previews.set(photo, new Map([...drawn, ...(previews.get(photo) ?? [])]));
    for (const { value } of radios())
      show(value, previews.get(photo)?.get(value) ?? examples.get(value) ?? photo.url);
    drawWhenIdle();
  });

  photos.addEventListener('removed', (event) => {
    const photo = /** @type {CustomEvent<Photo>} */ (event).detail;
    for (const url of previews.get(photo)?.values() ?? []) URL.revokeObjectURL(url);
    previews.delete(photo);
  });

  photos.addEventListener('change', (event) => {
    const photo = /** @type {CustomEvent<Photo>} */ (event).detail;
    const cartoon = photo.cartoons.get(photo.style);
    if (cartoon && !photo.work) keep(photo, photo.style, cartoon.url);
    drawWhenIdle();
  });

  /** Photos in full size go first: previews of the shown one are drawn when nothing else is, whichever was the last. */
  function drawWhenIdle() {
    const photo = photos.current;
    if (photos.list.some(({ work }) => work && work.state !== 'failed')) {
      running?.abort();
      running = undefined;
    } else if (photo?.cartoons.has(photo.style) && !running && !savesData()) void drawPreviews(photo);
  }

  /** @param {Photo} photo @param {string} style @param {string} url */
  function keep(photo, style, url) {
    const mine = previews.get(photo) ?? new Map();
    previews.set(photo, mine.set(style, url));
    if (photo === photos.current) show(style, url);
  }

  /** @param {Photo} photo */
  async function drawPreviews(photo) {
    const missing = radios().filter(({ value }) => !previews.get(photo)?.has(value));
    // Here each would load a network of its own.
    if (missing.length === 0 || drawsHere()) return;
    const controller = new AbortController();
    running = controller;
    try {
      const small = await shrink(photo.file);
      for (const { value } of missing) {
        const order = { photo: small, style: value, format: /** @type {const} */ ('webp') };
        const url = URL.createObjectURL(await drawAtOnce({ ...order, signal: controller.signal }));
        photo.drafts.set(value, url);
        keep(photo, value, url);
      }
    } catch {
      // A preview is a courtesy: the style still works without one.
    } finally {
      if (running === controller) running = undefined;
    }
  }
}

function savesData() {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  return connection?.saveData === true;
}

/** @param {HTMLInputElement} radio */
const swatchOf = (radio) => find('.swatch', radio.parentElement ?? document);

/** @param {Node | undefined} node */
const copies = (node) => [...(node?.cloneNode(true).childNodes ?? [])];

/** @param {string} style @param {string} url */
function show(style, url) {
  const radio = radios().find(({ value }) => value === style);
  if (radio) swatchOf(radio).replaceChildren(make('img', { src: url, alt: '' }));
}
