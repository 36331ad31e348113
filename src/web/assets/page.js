// @ts-check
/** Puts the page together: sources -> photos -> stage, styles and results. */
import { announce, find } from './dom.js';
import { mountSources } from './file-input.js';
import { Photos } from './photos.js';
import { mountResults } from './results.js';
import { chosenStyle, mountLooks } from './style-picker.js';
import { mountStage } from './viewer.js';

const photos = new Photos();
mountStage(photos);
mountLooks(photos);
mountResults(photos);
mountSources(
  (files) => {
    const alone = photos.list.length === 0;
    photos.add(files, chosenStyle());
    // On a phone the stage may be below the fold.
    find('#stage').scrollIntoView({ block: 'nearest', behavior: alone ? 'smooth' : 'auto' });
  },
  (message) => {
    const notice = find('#notice');
    notice.textContent = message;
    notice.hidden = false;
    announce(message);
    setTimeout(() => {
      notice.hidden = true;
    }, 8000);
  },
);

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
  another: () => find('#file').click(),
};
document.addEventListener('click', ({ target }) => {
  const name = target instanceof Element && target.closest('[data-do]')?.getAttribute('data-do');
  if (name) actions[name]?.();
});

find('.desk').addEventListener('submit', (event) => event.preventDefault());

// The language switch is a form; with a script it needs no button.
const language = /** @type {HTMLSelectElement} */ (find('#lang'));
language.addEventListener('change', () => language.form?.submit());
