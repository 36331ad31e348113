// @ts-check
/** What can be done with a finished cartoon: download, copy, share, delete. */
import { announce, find, make, page } from './dom.js';

/** @typedef {import('./photos.js').Photo} Photo */
/** @typedef {import('./photos.js').Photos} Photos */

/** @param {string} name */
const button = (name) => find(`[data-do="${name}"]`);

/** @param {Photo} photo */
function asFile(photo, style = photo.style) {
  const cartoon = photo.cartoons.get(style);
  if (!cartoon) return undefined;
  const base = photo.file.name.replace(/\.[^.]*$/, '') || 'photo';
  return new File([cartoon.blob], `${base}-${style}.jpg`, { type: cartoon.blob.type });
}

/** Every cartoon of every photo, in every style in which it has been drawn. @param {readonly Photo[]} photos */
function cartoonsOf(photos) {
  return photos.flatMap((photo) => [...photo.cartoons.keys()].flatMap((style) => asFile(photo, style) ?? []));
}

/** @param {readonly Photo[]} photos */
async function downloadAll(photos) {
  // Needed by few: loaded when it is.
  const { downloadZip } = await import('./client-zip.js');
  /** @type {Map<string, number>} */
  const names = new Map();
  const entries = cartoonsOf(photos).map((input) => {
    const count = (names.get(input.name) ?? 0) + 1;
    names.set(input.name, count);
    return { input, name: count === 1 ? input.name : input.name.replace(/\.jpg$/, ` (${count}).jpg`) };
  });
  const url = URL.createObjectURL(await downloadZip(entries).blob());
  make('a', { href: url, download: 'cartoons.zip' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {Photo} photo */
function download(photo) {
  const file = asFile(photo);
  const url = photo.cartoons.get(photo.style)?.url;
  if (file && url) make('a', { href: url, download: file.name }).click();
}

/**
 * Clipboards take PNG only.
 * @param {Blob} blob
 * @returns {Promise<Blob>}
 */
async function asPng(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = make('canvas', { width: bitmap.width, height: bitmap.height });
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise((resolve, reject) =>
    canvas.toBlob((png) => (png ? resolve(png) : reject(new Error('no picture')))),
  );
}

/** @param {Photos} photos */
export function mountResults(photos) {
  button('download').onclick = () => photos.current && download(photos.current);
  button('download-all').onclick = () => void downloadAll(photos.list);

  const canCopy = 'ClipboardItem' in window && 'clipboard' in navigator;
  button('copy').hidden = !canCopy;
  button('copy').onclick = async () => {
    const cartoon = photos.current?.cartoons.get(photos.current.style);
    if (!cartoon) return;
    const label = find('span', button('copy'));
    const normal = label.textContent;
    try {
      // A promise, not a blob: Safari takes a copy only in the same tick as the click.
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': asPng(cartoon.blob) })]);
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

  button('share').onclick = () => {
    const file = photos.current && asFile(photos.current);
    // A closed share sheet is no failure.
    if (file) navigator.share({ files: [file] }).catch(() => {});
  };

  photos.addEventListener('list', () => {
    button('delete').inert = !photos.current;
    button('delete-all').hidden = photos.list.length < 2;
  });
  photos.addEventListener('change', () => {
    const file = photos.current && asFile(photos.current);
    button('share').hidden = !(file && navigator.canShare?.({ files: [file] }));
    button('download-all').hidden = cartoonsOf(photos.list).length < 2;
  });
}
