// @ts-check
/** Photos to try the page with, without one of one's own: fetched when they are chosen. */
import { find, page } from './dom.js';

/**
 * @param {(files: File[]) => void} onPhoto
 * @param {(message: string) => void} onFailed
 */
export function mountSamples(onPhoto, onFailed) {
  for (const button of find('.samples').querySelectorAll('button')) {
    button.addEventListener('click', async () => {
      button.ariaBusy = 'true';
      try {
        const response = await fetch(button.dataset['photo'] ?? '');
        if (!response.ok) throw new Error(`status ${response.status}`);
        const photo = await response.blob();
        onPhoto([new File([photo], `${button.value}.jpg`, { type: photo.type })]);
      } catch {
        onFailed(page.texts.sampleFailed ?? '');
      } finally {
        button.ariaBusy = null;
      }
    });
  }
}
