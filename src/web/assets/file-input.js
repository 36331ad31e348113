// @ts-check
/** All the ways a photo comes in: choosing, camera, dropping, pasting. */
import { find, page } from './dom.js';

/**
 * @param {(files: File[]) => void} onPhotos
 * @param {(message: string) => void} onRefused
 */
export function mountFileInput(onPhotos, onRefused) {
  /** @param {Iterable<File> | null | undefined} files */
  const take = (files) => {
    const all = [...(files ?? [])];
    const photos = all.filter(({ type, size }) => type.startsWith('image/') && size <= page.photoBytes);
    const refused = all.find((file) => !photos.includes(file));
    if (photos.length > 0) onPhotos(photos);
    if (refused) {
      const pictures = refused.type.startsWith('image/');
      onRefused(`${refused.name}: ${(pictures ? page.texts.tooLarge : page.texts.notAPicture) ?? ''}`);
    }
  };

  for (const id of ['file', 'camera']) {
    const input = /** @type {HTMLInputElement} */ (find(`#${id}`));
    input.multiple = id === 'file';
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])];
      // Emptied, so that the same photo can be chosen again.
      input.value = '';
      take(files);
    });
  }

  document.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.files.length) take(clipboardData.files);
  });

  const viewer = find('#viewer');
  /** @param {DragEvent} event */
  const carriesFiles = (event) => event.dataTransfer?.types.includes('Files') ?? false;
  // The whole window is the target: a photo dropped beside the box must not replace the page.
  window.addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    viewer.classList.add('dragging');
  });
  window.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) viewer.classList.remove('dragging');
  });
  window.addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    viewer.classList.remove('dragging');
    take(event.dataTransfer?.files);
  });
}
