// @ts-check
/** What can be done with a finished cartoon: download, copy, share, delete. */
import { announce, find, make, page } from './dom.js';

/** @typedef {import('./photos.js').Photo} Photo */
/** @typedef {import('./photos.js').Photos} Photos */

/** @param {string} name */
const button = (name) => find(`[data-do="${name}"]`);

/** @param {Photo} photo */
function asFile(photo) {
  const cartoon = photo.cartoons.get(photo.style);
  if (!cartoon) return undefined;
  const base = photo.file.name.replace(/\.[^.]*$/, '') || 'photo';
  return new File([cartoon.blob], `${base}-${photo.style}.jpg`, { type: cartoon.blob.type });
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
  const withCartoon = () => photos.list.filter((photo) => photo.cartoons.has(photo.style));

  button('download').onclick = () => photos.current && download(photos.current);
  button('download-all').onclick = () => withCartoon().forEach(download);

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

  // Without a cartoon there is nothing on the server that could be deleted.
  const offerDelete = () => {
    button('delete').inert = !photos.current?.cartoons.size;
  };
  photos.addEventListener('list', offerDelete);
  photos.addEventListener('change', offerDelete);
  photos.addEventListener('change', () => {
    const file = photos.current && asFile(photos.current);
    button('share').hidden = !(file && navigator.canShare?.({ files: [file] }));
    button('download-all').hidden = withCartoon().length < 2;
  });
}
