// @ts-check
/**
 * Keeps photos, cartoons and choices in this browser, so that a reload, another language and the back button lose
 * nothing: until they are removed, or a day old. A browser that keeps nothing costs only that.
 */
import { page } from './dom.js';
import { createStore, delMany, entries, set } from './idb-keyval.js';

/** @typedef {import('./photos.js').Photo} Photo */
/** @typedef {import('./photos.js').Photos} Photos */
/** @typedef {import('./photos.js').Cartoon} Cartoon */
/** @typedef {{file: File, added: number}} KeptPhoto */
/** @typedef {{style: string, failure?: {message: string, locale: string, hopeless: boolean}}} KeptState */
/** @typedef {Pick<Cartoon, 'blob' | 'job' | 'faces'>} KeptCartoon */
/** @typedef {['photo', string] | ['state', string] | ['cartoon', string, string]} Key The second is the photo's id, the third a style. */

const DAY_MS = 24 * 3600_000;
/** The photo that is shown, and the style and strength that are chosen. */
const CHOICES = 'dctoon-choices';

/** @typedef {{photo?: string, style?: string, strength?: number}} Choices */

/** @returns {Choices} */
function choices() {
  try {
    return JSON.parse(localStorage.getItem(CHOICES) ?? '{}');
  } catch {
    return {};
  }
}

/** @param {Choices} changed */
function choose(changed) {
  try {
    localStorage.setItem(CHOICES, JSON.stringify({ ...choices(), ...changed }));
  } catch {
    // Storage that is full or switched off.
  }
}

/** What was chosen last. */
export const lastStyle = () => choices().style;
export const lastStrength = () => choices().strength;

/**
 * From now on what changes is kept. Gives back what was kept before.
 * @param {Photos} photos
 */
export async function mountKeeper(photos) {
  const store = createStore('dctoon', 'photos');
  /** What is kept of each photo, so that only news is written. @type {Map<string, Set<string>>} */
  const kept = new Map();
  /** Each write waits for the one before: a photo that is removed must not come back. */
  let writing = Promise.resolve();

  /** @param {() => Promise<void>} write */
  const enqueue = (write) => {
    writing = writing.then(write).catch(() => {});
  };
  /** @param {Key} key @param {KeptPhoto | KeptState | KeptCartoon} value */
  const put = (key, value) => enqueue(() => set(key, value, store));

  photos.addEventListener('change', (event) => {
    const photo = /** @type {CustomEvent<Photo>} */ (event).detail;
    const { id, file, added, style, work } = photo;
    const known = kept.get(id) ?? new Set();
    kept.set(id, known);
    /** @param {string} what @param {() => void} write */
    const once = (what, write) => {
      if (!known.has(what)) write();
      known.add(what);
    };
    once('photo', () => put(['photo', id], { file, added }));
    for (const [drawn, { blob, job, faces }] of photo.cartoons)
      once(`cartoon ${drawn}`, () => put(['cartoon', id, drawn], { blob, job, faces }));
    const failure =
      work?.state === 'failed'
        ? { message: work.message, locale: page.locale, hopeless: work.hopeless === true }
        : undefined;
    const state = `state ${style} ${failure?.message}`;
    for (const what of known) if (what.startsWith('state ') && what !== state) known.delete(what);
    once(state, () => put(['state', id], { style, ...(failure && { failure }) }));
  });

  photos.addEventListener('removed', (event) => {
    const { id, cartoons } = /** @type {CustomEvent<Photo>} */ (event).detail;
    kept.delete(id);
    enqueue(() =>
      delMany(
        [['photo', id], ['state', id], ...[...cartoons.keys()].map((style) => ['cartoon', id, style])],
        store,
      ),
    );
  });

  photos.addEventListener('list', () => {
    const { current } = photos;
    choose(current ? { photo: current.id, style: current.style } : {});
  });

  try {
    photos.restore(await load(), choices().photo);
  } catch {
    // A browser without a database.
  }

  /** What is not a day old, in the order in which it came; the rest is deleted. */
  async function load() {
    const all = /** @type {[Key, unknown][]} */ (await entries(store));
    /** @type {Map<string, KeptPhoto>} */
    const files = new Map();
    const states = new Map();
    for (const [[kind, id], value] of all) {
      if (kind === 'photo') files.set(id, /** @type {KeptPhoto} */ (value));
      if (kind === 'state') states.set(id, value);
    }
    const fresh = [...files].filter(([, { added }]) => Date.now() - added < DAY_MS);
    const ids = new Set(fresh.map(([id]) => id));
    const stale = all.flatMap(([key]) => (ids.has(key[1]) ? [] : [key]));
    if (stale.length > 0) enqueue(() => delMany(stale, store));
    return fresh
      .sort(([, a], [, b]) => a.added - b.added)
      .map(([id, { file, added }]) => {
        /** @type {KeptState} */
        const { style, failure } = states.get(id) ?? { style: page.defaultStyle };
        const cartoons = all.flatMap(([key, value]) =>
          key[0] === 'cartoon' && key[1] === id
            ? [/** @type {[string, KeptCartoon]} */ ([key[2], /** @type {KeptCartoon} */ (value)])]
            : [],
        );
        const known = new Set(['photo', ...cartoons.map(([drawn]) => `cartoon ${drawn}`)]);
        kept.set(id, known);
        // Said in another language, it is said in general.
        const message = failure?.locale === page.locale ? failure.message : (page.texts.error ?? '');
        return {
          id,
          file,
          added,
          style,
          cartoons,
          failure: failure && { message, hopeless: failure.hopeless },
        };
      });
  }
}

/** @param {string} style */
export function keepStyle(style) {
  choose({ style });
}

/** @param {number} strength per cent */
export function keepStrength(strength) {
  choose({ strength });
}
