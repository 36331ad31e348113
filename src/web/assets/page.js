// @ts-check
/** Puts the page together: file input -> photos -> viewer, styles and results. */
import { Refusal } from './api.js';
import { chooseHere, mountDevice } from './device.js';
import { announce, find, page } from './dom.js';
import { mountFileInput } from './file-input.js';
import { mountKeeper } from './keeper.js';
import { Photos } from './photos.js';
import { mountResults } from './results.js';
import { mountSamples } from './samples.js';
import { mountStrength } from './strength.js';
import { chosenStyle, mountStylePicker } from './style-picker.js';
import { mountViewer } from './viewer.js';

/** @typedef {import('./photos.js').Photo} Photo */

const photos = new Photos();
mountViewer(photos);
mountStylePicker(photos);
mountResults(photos);
mountStrength(photos);
mountDevice(photos);
mountFileInput(take, notify);
mountSamples(take, notify);

void mountKeeper(photos);
// What was being drawn was given up when the page was left; a page that comes out of the browser's cache is still waiting for it.
window.addEventListener('pageshow', ({ persisted }) => persisted && location.reload());

/** @param {File[]} files */
function take(files) {
  const alone = photos.list.length === 0;
  photos.add(files, chosenStyle());
  // On a phone the viewer may be below the fold.
  find('#viewer').scrollIntoView({ block: 'nearest', behavior: alone ? 'smooth' : 'auto' });
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hiding;

/** @param {string} message */
function notify(message) {
  const notice = find('#notice');
  notice.textContent = message;
  notice.hidden = false;
  announce(message);
  clearTimeout(hiding);
  // Long enough to read it twice.
  hiding = setTimeout(
    () => {
      notice.hidden = true;
    },
    Math.max(8000, message.length * 120),
  );
}

const current = () => photos.current;
/** @type {Record<string, () => void>} */
const actions = {
  cancel: () => {
    const photo = current();
    if (photo) photos.cancel(photo);
    find('[data-do="again"]').focus();
  },
  again: () => {
    const photo = current();
    if (photo) photos.retry(photo);
    find('[data-do="cancel"]').focus();
  },
  'style-all': () => photos.restyleAll(chosenStyle()),
  here: () => {
    const photo = current();
    chooseHere(true);
    if (photo) photos.retry(photo);
  },
  another: () => find('#file').click(),
  delete: () => void remove(current() ? [/** @type {Photo} */ (current())] : []),
  'delete-all': () => void remove(photos.list),
};

/** @param {Photo[]} unwanted */
async function remove(unwanted) {
  try {
    const wereThere = unwanted.some(({ cartoons }) => [...cartoons.values()].some(({ job }) => job));
    for (const photo of unwanted) await photos.remove(photo);
    notify((wereThere ? page.texts.deleted : page.device?.deleted) ?? page.texts.deleted ?? '');
    if (!current()) find('#file').focus();
  } catch (error) {
    notify(error instanceof Refusal ? error.message : (page.texts.error ?? ''));
  }
}

document.addEventListener('click', ({ target }) => {
  const name = target instanceof Element && target.closest('[data-do]')?.getAttribute('data-do');
  if (name) actions[name]?.();
});

find('.photo-form').addEventListener('submit', (event) => event.preventDefault());

// The language switch is a form; with a script it needs no button.
const language = /** @type {HTMLSelectElement | null} */ (document.querySelector('#lang'));
language?.addEventListener('change', () => language.form?.submit());
