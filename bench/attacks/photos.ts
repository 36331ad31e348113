/** Attacks with what a photo holds: little to send, dear to decode. */
import { flatAvif, pngOfTexts } from '../../test/support/dear-photos.ts';
import { type Attack, accomplice, form, pause } from './attack.ts';

/** Four accomplices send both kinds again and again. */
export const dearPhotos: Attack = {
  name: 'PNGs with 4.9 MB of compressed text, AVIFs of 49 megapixels in 2 kB',
  prepare: () => Promise.all([pngOfTexts(), flatAvif()]),
  async run(target, signal, [texts, avif]) {
    const wrong = new Set<string>();
    const send = async (number: number, name: string, expected: number, photo: Buffer = Buffer.alloc(0)) => {
      const { type, body } = await form(photo);
      while (!signal.aborted) {
        const from = accomplice(number);
        const headers = { 'content-type': type };
        const answer = await target
          .request({ method: 'POST', path: '/upload', headers, body, from })
          .catch(() => undefined);
        const status = answer?.status ?? 0;
        // Too many of one visitor is no failure; what is still open when the time is over has no answer.
        if (![expected, 429, 0].includes(status)) wrong.add(`${name}: ${status}`);
        await pause(100, signal);
      }
    };
    const kinds = [0, 1].flatMap((half) => [
      send(2 * half, 'PNG', 200, texts),
      send(2 * half + 1, 'AVIF', 413, avif),
    ]);
    await Promise.all(kinds);
    return wrong.size > 0 ? [...wrong].join(', ') : undefined;
  },
};
