// @ts-check
/** The viewer over the whole window, and over the whole screen where the browser lets pages do that. */
import { find, page } from './dom.js';

const viewer = find('#viewer');
const button = find('[data-do="full"]', viewer);
/** What cannot be seen meanwhile must not be reached by keys either. */
const others = ['.top', '.intro', '.styles', '.privacy'];

const isFull = () => viewer.classList.contains('full');

/** @param {boolean} full */
function set(full) {
  viewer.classList.toggle('full', full);
  document.documentElement.classList.toggle('has-full', full);
  for (const other of others) find(other).inert = full;
  const label = (full ? page.texts.leaveFull : page.texts.full) ?? '';
  button.ariaLabel = label;
  button.title = label;
  button.ariaPressed = String(full);
}

/** The browser is still on its way out of the whole screen; what happens meanwhile must not be undone when it arrives. */
let isLeaving = false;

function fillScreen() {
  // Phones of Apple have it for films only; then the window must do.
  document.documentElement.requestFullscreen?.({ navigationUI: 'hide' }).catch(() => {});
}

function enter() {
  set(true);
  if (!isLeaving) fillScreen();
}

/** Also when there is nothing to look at any more. */
export function leaveFullScreen() {
  if (!isFull()) return;
  set(false);
  if (!document.fullscreenElement || isLeaving) return;
  isLeaving = true;
  const left = () => {
    isLeaving = false;
    if (isFull()) fillScreen();
  };
  document.exitFullscreen().then(left, left);
}

export function mountFullScreen() {
  button.addEventListener('click', () => (isFull() ? leaveFullScreen() : enter()));
  // The browser's own ways out of it.
  document.addEventListener('fullscreenchange', () => {
    if (!document.fullscreenElement && !isLeaving) leaveFullScreen();
  });
  viewer.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (key === 'Escape') leaveFullScreen();
    else if (key === 'f' && !ctrlKey && !metaKey && !altKey && viewer.dataset['state'] === 'done')
      button.click();
  });
}
