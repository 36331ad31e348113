// @ts-check
/** What can be done with a finished cartoon: download, copy, share, delete. */
import { recoded } from './canvas.js';
import { announce, find, make, page } from './dom.js';
import { atStrength } from './strength.js';

/** @typedef {import('./photos.js').Photo} Photo */
/** @typedef {import('./photos.js').Photos} Photos */

/** As the server writes JPEG. */
const QUALITY = 0.92;

/** @param {string} name */
const button = (name) => find(`[data-do="${name}"]`);

/** At the chosen strength. @param {Photo} photo */
async function asFile(photo, style = photo.style) {
  const mixed = await atStrength(photo, style);
  if (!mixed) return undefined;
  // Over a slow line it came as WebP, which fewer programs read.
  const blob = mixed.type === 'image/webp' ? await recoded(mixed, 'image/jpeg', QUALITY) : mixed;
  const base = photo.file.name.replace(/\.[^.]*$/, '') || 'photo';
  return new File([blob], `${base}-${style}.${blob.type === 'image/png' ? 'png' : 'jpg'}`, {
    type: blob.type,
  });
}

/** Every cartoon of every photo, in every style in which it has been drawn. @param {readonly Photo[]} photos */
async function cartoonsOf(photos) {
  const files = [];
  // One after the other: each may be a large picture in memory.
  for (const photo of photos) {
    for (const style of photo.cartoons.keys()) files.push(await asFile(photo, style));
  }
  return files.flatMap((file) => file ?? []);
}

/** @param {readonly Photo[]} photos */
const countOf = (photos) => photos.reduce((sum, { cartoons }) => sum + cartoons.size, 0);

/** @param {readonly Photo[]} photos */
async function downloadAll(photos) {
  // Needed by few: loaded when it is.
  const { downloadZip } = await import('./client-zip.js');
  /** @type {Map<string, number>} */
  const names = new Map();
  const entries = (await cartoonsOf(photos)).map((input) => {
    const count = (names.get(input.name) ?? 0) + 1;
    names.set(input.name, count);
    return { input, name: count === 1 ? input.name : input.name.replace(/(?=\.\w+$)/, ` (${count})`) };
  });
  const url = URL.createObjectURL(await downloadZip(entries).blob());
  make('a', { href: url, download: 'cartoons.zip' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {Photo} photo */
async function download(photo) {
  const file = await asFile(photo);
  if (!file) return;
  const url = URL.createObjectURL(file);
  make('a', { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * Clipboards take PNG only.
 * @param {Photo} photo
 * @returns {Promise<Blob>}
 */
async function asPng(photo) {
  const blob = await atStrength(photo, photo.style);
  if (!blob) throw new Error('no picture');
  return await recoded(blob, 'image/png');
}

/** @param {Photos} photos */
export function mountResults(photos) {
  button('download').onclick = () => photos.current && void download(photos.current);
  button('download-all').onclick = () => void downloadAll(photos.list);

  const canCopy = 'ClipboardItem' in window && 'clipboard' in navigator;
  button('copy').hidden = !canCopy;
  button('copy').onclick = async () => {
    const photo = photos.current;
    if (!photo?.cartoons.has(photo.style)) return;
    const label = find('span', button('copy'));
    const normal = label.textContent;
    try {
      // A promise, not a blob: Safari takes a copy only in the same tick as the click.
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': asPng(photo) })]);
      label.textContent = page.texts.copied ?? '';
      announce(page.texts.copied ?? '');
      setTimeout(() => {
        label.textContent = normal;
      }, 2000);
    } catch {
      announce(page.texts.copyFailed ?? '');
      button('copy').title = page.texts.copyFailed ?? '';
    }
  };

  button('share').onclick = async () => {
    const file = photos.current && (await asFile(photos.current));
    // A closed share sheet is no failure.
    if (file) navigator.share({ files: [file] }).catch(() => {});
  };

  photos.addEventListener('list', () => {
    button('delete').inert = !photos.current;
    button('delete-all').hidden = photos.list.length < 2;
    button('style-all').hidden = photos.list.length < 2;
  });
  photos.addEventListener('change', () => {
    const photo = photos.current;
    const cartoon = photo?.cartoons.get(photo.style);
    const file = cartoon && new File([cartoon.blob], 'cartoon.jpg', { type: cartoon.blob.type });
    button('share').hidden = !(file && navigator.canShare?.({ files: [file] }));
    button('download-all').hidden = countOf(photos.list) < 2;
  });
}
