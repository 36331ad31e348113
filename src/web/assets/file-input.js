// @ts-check
/** All the ways a photo comes in: choosing, camera, dropping, pasting. */
import { recoded } from './canvas.js';
import { find, page } from './dom.js';

/** What the server reads itself; of other pictures it gets a copy, where the browser can read them. */
const READ_BY_SERVER = /^image\/(jpeg|png|webp|gif|avif)$/;
const HEIC = /\.hei[cf]$/i;

/**
 * @param {File} file
 * @returns {Promise<File | string>} the photo to send, or why there is none
 */
async function photoOf(file) {
  const { name, type } = file;
  const isHeic = HEIC.test(name) || /^image\/hei[cf]$/.test(type);
  if (!type.startsWith('image/') && !isHeic) return page.texts.notAPicture ?? '';
  let photo = file;
  if (!READ_BY_SERVER.test(type)) {
    const jpeg = await recoded(file, 'image/jpeg', 0.95).catch(() => undefined);
    if (!jpeg) return (isHeic ? page.texts.heic : page.texts.notAPicture) ?? '';
    photo = new File([jpeg], name, { type: jpeg.type });
  }
  return photo.size > page.photoBytes ? (page.texts.tooLarge ?? '') : photo;
}

/**
 * @param {(files: File[]) => void} onPhotos
 * @param {(message: string) => void} onRefused
 */
export function mountFileInput(onPhotos, onRefused) {
  /** @param {Iterable<File> | null | undefined} files */
  const take = async (files) => {
    const all = [...(files ?? [])];
    const taken = await Promise.all(all.map(photoOf));
    const photos = taken.filter((photo) => photo instanceof File);
    if (photos.length > 0) onPhotos(photos);
    /** Names by the reason they share. @type {Map<string, string[]>} */
    const refused = new Map();
    for (const [index, reason] of taken.entries()) {
      if (typeof reason === 'string')
        refused.set(reason, [...(refused.get(reason) ?? []), all[index]?.name ?? '']);
    }
    if (refused.size > 0)
      onRefused([...refused].map(([reason, names]) => `${names.join(', ')}: ${reason}`).join('\n'));
  };

  for (const id of ['file', 'camera']) {
    const input = /** @type {HTMLInputElement} */ (find(`#${id}`));
    input.multiple = id === 'file';
    input.addEventListener('change', () => {
      const files = [...(input.files ?? [])];
      // Emptied, so that the same photo can be chosen again.
      input.value = '';
      void take(files);
    });
  }

  document.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.files.length) void take(clipboardData.files);
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
    void take(event.dataTransfer?.files);
  });
}
