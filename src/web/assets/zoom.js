// @ts-check
/**
 * Zooms into photo and cartoon together: wheel, pinch, double tap, buttons and keys; what is zoomed is dragged. The line
 * between the two stays where it is on the screen, so that comparing goes on.
 */
import { isNearLine, isSideBySide, moveLine } from './compare.js';
import { announce, find, page } from './dom.js';

const viewer = find('#viewer');
const frame = find('.frame', viewer);
const surface = find('.surface', frame);
const photo = /** @type {HTMLImageElement} */ (find('.before', frame));
const closer = /** @type {HTMLButtonElement} */ (find('[data-do="zoom-in"]', viewer));
const wider = /** @type {HTMLButtonElement} */ (find('[data-do="zoom-out"]', viewer));

const STEP = 1.5;
/** A pixel of the picture covers so many of the screen at most; small pictures may still be enlarged by `LEAST_MOST`. */
const PIXEL = 3;
const LEAST_MOST = 4;
/** A double tap takes so much. */
const TAP_ZOOM = 2.5;
const TAP_MS = 320;
/** A pointer that moves less is not dragging. */
const STILL_PIXELS = 4;
/** Share of the picture that an arrow key moves. */
const PAN = 0.12;

const percentage = new Intl.NumberFormat(page.locale, { style: 'percent' });

/** How large, and which point of the picture (shares of its size) is in the middle of the frame. */
let scale = 1;
let middle = { x: 0.5, y: 0.5 };

export const isZoomed = () => scale > 1;

const most = () => {
  const shown = find('.layer', frame).clientWidth * devicePixelRatio;
  return Math.max(LEAST_MOST, (photo.naturalWidth / Math.max(1, shown)) * PIXEL);
};

function apply() {
  const half = 0.5 / scale;
  const within = (/** @type {number} */ share) => Math.min(1 - half, Math.max(half, share));
  middle = { x: within(middle.x), y: within(middle.y) };
  frame.style.setProperty('--zoom', String(scale));
  frame.style.setProperty('--zoom-x', `${(0.5 - middle.x * scale) * 100}%`);
  frame.style.setProperty('--zoom-y', `${(0.5 - middle.y * scale) * 100}%`);
  frame.classList.toggle('zoomed', isZoomed());
  // Not `disabled`, which would take the focus away from who has just pressed it.
  wider.ariaDisabled = String(!isZoomed());
  closer.ariaDisabled = String(scale >= most());
}

/**
 * @param {number} to
 * @param {{x: number, y: number}} at what stays where it is, as shares of the frame
 */
function zoom(to, at = { x: 0.5, y: 0.5 }) {
  const next = Math.min(most(), Math.max(1, to));
  middle = {
    x: middle.x + (at.x - 0.5) * (1 / scale - 1 / next),
    y: middle.y + (at.y - 0.5) * (1 / scale - 1 / next),
  };
  scale = next;
  apply();
}

/** @param {number} x @param {number} y shares of the frame */
function pan(x, y) {
  middle = { x: middle.x - x / scale, y: middle.y - y / scale };
  apply();
}

/** The whole picture again. */
export function resetZoom() {
  scale = 1;
  middle = { x: 0.5, y: 0.5 };
  apply();
}

/** Where in the picture's place a point of the window is; side by side there are two. @param {{clientX: number, clientY: number}} point */
function shares({ clientX, clientY }) {
  const layers = [...frame.querySelectorAll('.layer')].map((layer) => layer.getBoundingClientRect());
  const inside = layers.find(
    ({ left, right, top, bottom }) =>
      clientX >= left && clientX <= right && clientY >= top && clientY <= bottom,
  );
  const { left, top, width, height } = inside ?? /** @type {DOMRect} */ (layers[0]);
  return { x: (clientX - left) / width, y: (clientY - top) / height };
}

/** @param {number} to */
function zoomAndSay(to) {
  zoom(to);
  announce(percentage.format(scale));
}

/** @typedef {{clientX: number, clientY: number}} Point */

function mountPointers() {
  /** Fingers, or the mouse, that are down. @type {Map<number, Point>} */
  const down = new Map();
  /** What the first of them does. @type {'none' | 'line' | 'pan'} */
  let doing = 'none';
  /** @type {Point} */
  let start = { clientX: 0, clientY: 0 };
  let tap = { at: 0, ...start };

  const pair = () => {
    const [a, b] = [...down.values()];
    if (!a || !b) return undefined;
    const center = { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
    return { center, apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) };
  };
  /** @param {Point} from @param {Point} to */
  const panBetween = (from, to) => {
    const { clientWidth, clientHeight } = find('.layer', frame);
    pan((to.clientX - from.clientX) / clientWidth, (to.clientY - from.clientY) / clientHeight);
  };
  /** @param {Point} one @param {Point} other */
  const distance = (one, other) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);

  surface.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    surface.setPointerCapture(event.pointerId);
    const { clientX, clientY } = event;
    down.set(event.pointerId, { clientX, clientY });
    start = { clientX, clientY };
    if (down.size > 1) doing = 'none';
    else if (isNearLine(clientX)) doing = 'line';
    else doing = isZoomed() || isSideBySide() ? 'pan' : 'line';
  });
  surface.addEventListener('pointermove', (event) => {
    const from = down.get(event.pointerId);
    if (!from) return;
    const before = pair();
    const to = { clientX: event.clientX, clientY: event.clientY };
    down.set(event.pointerId, to);
    const after = pair();
    if (before && after) {
      zoom(scale * (after.apart / Math.max(1, before.apart)), shares(after.center));
      panBetween(before.center, after.center);
    } else if (doing === 'pan') panBetween(from, to);
    else if (doing === 'line' && (from !== start || distance(start, to) >= STILL_PIXELS))
      moveLine(to.clientX);
  });
  /** @param {PointerEvent} event */
  const up = (event) => {
    if (!down.delete(event.pointerId) || event.type !== 'pointerup') return;
    // One of two fingers is left: it goes on as a drag.
    if (down.size === 1) doing = isZoomed() ? 'pan' : 'none';
    if (down.size > 0 || distance(start, event) >= STILL_PIXELS) return;
    const { clientX, clientY, timeStamp } = event;
    if (timeStamp - tap.at < TAP_MS && distance(tap, event) < STILL_PIXELS * 6) {
      zoom(isZoomed() ? 1 : TAP_ZOOM, shares(event));
      tap.at = 0;
    } else tap = { at: timeStamp, clientX, clientY };
  };
  for (const name of ['pointerup', 'pointercancel'])
    surface.addEventListener(name, (event) => up(/** @type {PointerEvent} */ (event)));
}

/** The page itself is scrolled by the wheel where there is something to scroll, until the picture is zoomed. */
const wheelIsFree = () =>
  isZoomed() ||
  viewer.classList.contains('full') ||
  document.documentElement.scrollHeight <= document.documentElement.clientHeight;

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, shiftKey } = event;
  const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const arrow = arrows[/** @type {keyof typeof arrows} */ (key)];
  if (key === '+' || key === '=') zoomAndSay(scale * STEP);
  else if (key === '-') zoomAndSay(scale / STEP);
  else if (key === '0') zoomAndSay(1);
  else if (arrow && isZoomed() && (shiftKey || isSideBySide()))
    pan(/** @type {number} */ (arrow[0]) * PAN, /** @type {number} */ (arrow[1]) * PAN);
  else return;
  event.preventDefault();
}

export function mountZoom() {
  mountPointers();
  closer.addEventListener('click', () => zoomAndSay(scale * STEP));
  wider.addEventListener('click', () => zoomAndSay(scale / STEP));
  frame.addEventListener('keydown', onKey);
  surface.addEventListener(
    'wheel',
    (event) => {
      // Two fingers on a trackpad come as a wheel with Ctrl.
      if (!event.ctrlKey && !wheelIsFree()) return;
      event.preventDefault();
      const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      zoom(scale * Math.exp(-pixels / (event.ctrlKey ? 100 : 400)), shares(event));
    },
    { passive: false },
  );
  new ResizeObserver(apply).observe(frame);
  apply();
}
