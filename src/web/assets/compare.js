// @ts-check
/** Photo against cartoon: a line between the two, both side by side, or the photo for as long as a button is held. */
import { find, page } from './dom.js';

const viewer = find('#viewer');
const view = find('.view', viewer);
const frame = find('.frame', viewer);
const split = /** @type {HTMLInputElement} */ (find('.split', viewer));
const side = find('[data-do="side"]', viewer);
const hold = find('[data-do="hold"]', viewer);
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** Pixels around the line in which a pointer moves it, whatever else pointers do. */
const NEAR_PIXELS = 32;
const REVEAL_MS = 1100;

/** Where the line is: how much of the picture's width shows the photo, in per cent. */
const place = () => Number(split.value);

export const isSideBySide = () => frame.dataset['side'] !== undefined;

/** @param {number} percent */
function setPlace(percent) {
  split.value = String(percent);
  frame.style.setProperty('--split', String(percent));
  split.setAttribute(
    'aria-valuetext',
    (page.texts.split ?? '').replace('{percent}', String(100 - Math.round(percent))),
  );
}

/** @param {number} clientX */
export function moveLine(clientX) {
  const { left, width } = frame.getBoundingClientRect();
  setPlace(Math.min(100, Math.max(0, ((clientX - left) / width) * 100)));
}

/** @param {number} clientX */
export function isNearLine(clientX) {
  const { left, width } = frame.getBoundingClientRect();
  // The knob stays within the picture as a whole.
  const line = Math.min(width - NEAR_PIXELS, Math.max(NEAR_PIXELS, (place() / 100) * width));
  return !isSideBySide() && Math.abs(clientX - left - line) <= NEAR_PIXELS;
}

/** The cartoon wipes over the photo and is there as a whole; comparing is the next thing, and the visitor's. */
export function reveal() {
  if (still.matches) return setPlace(0);
  // The frame's own clock: on a busy machine a frame is older than `performance.now()` at this line.
  /** @type {number | undefined} */
  let started;
  let expected = 100;
  /** @param {number} now */
  const step = (now) => {
    started ??= now;
    const t = Math.min(1, (now - started) / REVEAL_MS);
    // Who compares already is not disturbed.
    if (place() !== expected || viewer.dataset['state'] !== 'done') return;
    expected = t < 1 ? Math.round(100 * (1 - t) ** 3) : 0;
    setPlace(expected);
    if (t < 1) requestAnimationFrame(step);
  };
  setPlace(expected);
  requestAnimationFrame(step);
}

/** Beside or below one another, whichever leaves the pictures larger. */
function arrange() {
  if (!isSideBySide()) return;
  const { clientWidth: width, clientHeight: height } = view;
  const ratio = Number(frame.style.getPropertyValue('--ratio')) || 1;
  const inRow = Math.min(width / 2, height * ratio);
  const inColumn = Math.min(width, (height / 2) * ratio);
  frame.dataset['side'] = inRow >= inColumn ? 'row' : 'column';
}

/** A new picture of another shape is there. */
export const pictureChanged = arrange;

export function mountCompare() {
  split.addEventListener('input', () => setPlace(place()));
  side.addEventListener('click', () => {
    if (isSideBySide()) delete frame.dataset['side'];
    else frame.dataset['side'] = 'row';
    side.ariaPressed = String(isSideBySide());
    hold.hidden = isSideBySide();
    split.disabled = isSideBySide();
    arrange();
  });
  new ResizeObserver(arrange).observe(view);

  const show = () => frame.classList.add('holding');
  const end = () => frame.classList.remove('holding');
  hold.addEventListener('pointerdown', (event) => {
    hold.setPointerCapture(event.pointerId);
    show();
  });
  // A finger that is held would open the menu of the picture below.
  hold.addEventListener('contextmenu', (event) => event.preventDefault());
  hold.addEventListener('keydown', (event) => (event.key === ' ' || event.key === 'Enter') && show());
  for (const over of ['pointerup', 'pointercancel', 'keyup', 'blur']) hold.addEventListener(over, end);
}
