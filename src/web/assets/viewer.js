// @ts-check
/** The big box: photo, progress, comparison, failure. Shows the current photo's state and nothing else. */
import { mountCompare, pictureChanged, reveal } from './compare.js';
import { announce, find, make, page } from './dom.js';
import { leaveFullScreen, mountFullScreen } from './full-screen.js';
import { titleOf } from './style-picker.js';
import { mountZoom, resetZoom } from './zoom.js';

/** @typedef {import('./photos.js').Photo} Photo */
/** @typedef {import('./photos.js').Photos} Photos */

const viewer = find('#viewer');
const before = /** @type {HTMLImageElement} */ (find('.before', viewer));
const after = /** @type {HTMLImageElement} */ (find('.after', viewer));
const frame = find('.frame', viewer);
const strip = find('.strip', viewer);
const meter = find('.meter', viewer);

/** What the viewer showed last, so that only news is announced and animated. */
let shown = '';
/** The photo whose cartoon was shown as a whole last. */
let revealed = '';

/** @param {Photos} photos */
export function mountViewer(photos) {
  mountCompare();
  mountZoom();
  mountFullScreen();
  before.addEventListener('error', () => frame.classList.add('unseen'));
  before.addEventListener('load', () => {
    frame.classList.remove('unseen');
    frame.style.setProperty('--ratio', String(before.naturalWidth / before.naturalHeight || 1));
    pictureChanged();
  });
  photos.addEventListener('list', () => {
    renderStrip(photos);
    if (!photos.current) renderEmpty();
  });
  photos.addEventListener('change', (event) => {
    const photo = /** @type {CustomEvent<Photo>} */ (event).detail;
    updateItem(photo);
    if (photo === photos.current) render(photo);
  });
}

/** @param {Photo} photo */
function stateOf(photo) {
  if (photo.work) return photo.work.state === 'failed' ? 'failed' : 'work';
  return photo.cartoons.has(photo.style) ? 'done' : 'work';
}

/** As it was before the first photo. */
function renderEmpty() {
  shown = '';
  revealed = '';
  leaveFullScreen();
  viewer.dataset['state'] = 'empty';
  find('.view', viewer).hidden = true;
  for (const image of [before, after]) image.removeAttribute('src');
  for (const name of ['work', 'done', 'failed']) find(`.${name}`, viewer).inert = true;
}

/** @param {Photo} photo */
function render(photo) {
  const state = stateOf(photo);
  const news = `${photo.id} ${photo.style} ${state}`;
  if (before.src !== photo.url) {
    before.src = photo.url;
    resetZoom();
  }
  find('.view', viewer).hidden = false;
  for (const name of ['work', 'done', 'failed']) find(`.${name}`, viewer).inert = name !== state;
  const { message = '', progress = 0 } = photo.work ?? {};
  if (state === 'work') find('.work .message', viewer).textContent = message;
  showDraft(state === 'work' ? photo : undefined);
  if (state === 'failed') {
    find('.sorry', viewer).textContent = message;
    find('[data-do="again"]', viewer).hidden = photo.work?.hopeless === true;
  }
  viewer.style.setProperty('--progress', String(progress));
  meter.setAttribute('aria-valuenow', String(Math.round(progress * 100)));
  if (state === 'done') showCartoon(photo, news !== shown);
  else viewer.dataset['state'] = state;
  if (news === shown) return;
  shown = news;
  if (state === 'work') announce(page.texts.working ?? '');
  if (state === 'failed') announce(message);
}

/**
 * The cartoon of a small copy, until the one in full size is here.
 * @param {Photo | undefined} photo none: the draft that is shown has had its time
 */
function showDraft(photo) {
  const draft = photo?.drafts.get(photo.style);
  // What replaces it takes its place without a gap.
  if (photo) viewer.toggleAttribute('data-draft', draft !== undefined);
  if (!photo || !draft || after.src === draft) return;
  after.src = draft;
  after.alt = altOf(photo);
}

/** @param {Photo} photo */
const altOf = (photo) => (page.texts.alt ?? '').replace('{style}', titleOf(photo.style));

/**
 * @param {Photo} photo
 * @param {boolean} isNew
 */
function showCartoon(photo, isNew) {
  const cartoon = photo.cartoons.get(photo.style);
  if (!cartoon) return;
  after.src = cartoon.url;
  after.alt = altOf(photo);
  // Decoded before it is shown: no flash of an empty half.
  after
    .decode()
    .catch(() => {})
    .then(() => {
      if (after.src !== cartoon.url) return;
      viewer.dataset['state'] = 'done';
      const notes = [cartoon.faces > 0 ? [] : (page.texts.noFace ?? ''), cartoon.notes].flat();
      find('.note', viewer).textContent = notes.join(' ');
      find('.note', viewer).hidden = notes.length === 0;
      if (!isNew) return;
      // In another style the same photo is compared on, where it is being compared.
      if (revealed !== photo.id) reveal();
      revealed = photo.id;
      announce(`${page.texts.ready} ${cartoon.message}`);
    });
}

/** A broken picture's place stays empty. @this {HTMLElement} */
function hide() {
  this.hidden = true;
}

/** @param {Photos} photos */
function renderStrip(photos) {
  strip.hidden = photos.list.length < 2;
  strip.replaceChildren(
    ...photos.list.map((photo) => {
      const badge = make('span', { className: 'badge' });
      const button = make('button', { type: 'button', onclick: () => photos.select(photo) }, [
        make('img', { src: photo.url, alt: '', onerror: hide }),
        badge,
      ]);
      button.ariaCurrent = String(photo === photos.current);
      const item = make('li', {}, [button]);
      item.dataset['id'] = photo.id;
      return item;
    }),
  );
  for (const photo of photos.list) updateItem(photo);
  strip.querySelector('[aria-current="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** @param {Photo} photo */
function updateItem(photo) {
  const button = strip.querySelector(`[data-id="${photo.id}"] button`);
  if (!button) return;
  const state = stateOf(photo);
  find('.badge', button).dataset['state'] = state;
  const said = { work: page.texts.working, done: page.texts.ready, failed: page.texts.failed }[state];
  button.ariaLabel = `${photo.file.name}. ${said}`;
}
