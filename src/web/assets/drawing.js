// @ts-check
/** The way of one photo: upload, follow, fetch. Over a slow line a small copy goes first, and then fewer bytes. */
import { createJob, deleteJob, drawAtOnce, fetchPicture, follow, pause, Refusal } from './api.js';
import { isTransparent } from './canvas.js';
import { drawHere, drawsHere } from './device.js';
import { page, randomId } from './dom.js';
import { isSlowLine, noteSent } from './line.js';
import { lighter, shrink } from './small-copy.js';

/** @typedef {import('./photos.js').Cartoon} Cartoon */
/** @typedef {(message: string, progress: number) => void} Report */

/** A full queue is asked again that many times before the user is. */
const PATIENCE = 4;

/** From so many bytes on it matters how fast the line is, which is looked at again and again until so much has been sent. */
const LARGE_BYTES = 300_000;
const LOOK_MS = 400;
const LOOK_SHARE = 0.3;

/** How far the work is when a part of it begins. */
const SENT = 0.3;
const STAGES = { decode: 0.33, faces: 0.37, style: 0.42, blend: 0.62, encode: 0.68 };
const DRAWN = 0.7;
/** The same where nothing is sent. */
const STAGES_HERE = { load: 0, decode: 0.05, faces: 0.1, style: 0.5, blend: 0.8, encode: 0.9 };

/**
 * One photo in one style.
 * @param {File} file
 * @param {string} style
 * @param {object} how
 * @param {AbortSignal} how.signal cancels it, on the server too
 * @param {Report} how.report
 * @param {boolean} how.wantsDraft there is no small cartoon yet
 * @param {(url: string) => void} how.onDraft a small cartoon is here, long before the one in full size
 * @returns {Promise<Cartoon>}
 */
export async function drawPhoto(file, style, { signal, report, wantsDraft, onDraft }) {
  if (drawsHere())
    return await drawHere(file, style, signal, (message, stage) => report(message, STAGES_HERE[stage]));
  if (await isTransparent(file)) return await draw(file, style, 'png', signal, report);
  if (file.size <= LARGE_BYTES) return await draw(file, style, 'jpeg', signal, report);
  if (!isSlowLine()) {
    const cartoon = await drawUnlessSlow(file, style, signal, report);
    if (cartoon) return cartoon;
  }
  const small = wantsDraft ? await shrink(file).catch(() => undefined) : undefined;
  const light = lighter(file);
  if (small) await sendDraft(small, style, signal, onDraft);
  return await draw(await light, style, 'webp', signal, report);
}

/**
 * Draws a small copy.
 * @param {Blob} small
 * @param {string} style
 * @param {AbortSignal} signal
 * @param {(url: string) => void} onDraft
 * @returns {Promise<void>} when it has been sent: the line is free for the photo, while its cartoon comes back
 */
function sendDraft(small, style, signal, onDraft) {
  return new Promise((sent) => {
    const onSent = (/** @type {number} */ share) => share === 1 && sent();
    drawAtOnce({ photo: small, style, format: 'webp', signal, onSent })
      .then((cartoon) => onDraft(URL.createObjectURL(cartoon)))
      // A courtesy: the photo itself is next.
      .catch(() => {})
      .finally(sent);
  });
}

/**
 * Draws a photo as it is, unless its line turns out to be slow.
 * @param {Blob} photo
 * @param {string} style
 * @param {AbortSignal} signal
 * @param {Report} report
 * @returns {Promise<Cartoon | undefined>} undefined: the line is slow, and nothing has been drawn
 */
async function drawUnlessSlow(photo, style, signal, report) {
  const patience = new AbortController();
  const stop = () => patience.abort(signal.reason);
  signal.addEventListener('abort', stop);
  let reached = 0;
  const begun = performance.now();
  // More than once: what has been handed to the system counts as sent, which may be a lot at first.
  const look = setInterval(() => {
    if (reached >= LOOK_SHARE * SENT) return clearInterval(look);
    noteSent((reached / SENT) * photo.size, performance.now() - begun);
    if (isSlowLine()) patience.abort();
  }, LOOK_MS);
  try {
    return await draw(photo, style, 'jpeg', patience.signal, (message, progress) => {
      // A server that is busy lets the page begin anew.
      reached = Math.max(reached, progress);
      report(message, progress);
    });
  } catch (error) {
    if (signal.aborted || !patience.signal.aborted) throw error;
    return undefined;
  } finally {
    clearInterval(look);
    signal.removeEventListener('abort', stop);
  }
}

/**
 * One photo in one style: upload, follow, fetch. Cancelled on the server too when `signal` aborts.
 * @param {Blob} photo
 * @param {string} style
 * @param {'jpeg' | 'png' | 'webp'} format of the cartoon
 * @param {AbortSignal} signal
 * @param {Report} report
 * @returns {Promise<Cartoon>}
 */
async function draw(photo, style, format, signal, report) {
  const key = randomId();
  /** @type {string | undefined} */
  let url;
  const giveUp = () => {
    if (url) deleteJob(url);
    url = undefined;
  };
  signal.addEventListener('abort', giveUp);
  // A closed tab should not keep the queue busy.
  window.addEventListener('pagehide', giveUp);
  try {
    const address = await submit({ photo, style, format, signal }, key, report);
    url = address;
    signal.throwIfAborted();
    const job = await follow(address, signal, ({ state, stage, message }) =>
      report(
        message,
        state === 'processing' ? (STAGES[/** @type {keyof typeof STAGES} */ (stage)] ?? SENT) : SENT,
      ),
    );
    if (!job.result) throw new Refusal(job.message, job.error?.code ?? 'internal');
    report(page.texts.downloading ?? '', DRAWN);
    const blob = await fetchPicture(job.result.url, signal, (share) =>
      report(page.texts.downloading ?? '', DRAWN + share * (1 - DRAWN)),
    );
    return {
      blob,
      url: URL.createObjectURL(blob),
      job: address,
      faces: job.result.faces,
      notes: job.result.notes,
      message: job.message,
    };
  } catch (error) {
    if (signal.aborted) giveUp();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
    window.removeEventListener('pagehide', giveUp);
  }
}

/**
 * Uploads; a server that is only busy is asked again after the time it names.
 * @param {import('./api.js').Order} order
 * @param {string} key
 * @param {Report} report
 */
async function submit(order, key, report) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const begun = performance.now();
      const onSent = (/** @type {number} */ share) => {
        if (share === 1 && order.photo.size > LARGE_BYTES)
          noteSent(order.photo.size, performance.now() - begun);
        report(page.texts.uploading ?? '', share * SENT);
      };
      return await createJob({ ...order, onSent }, key);
    } catch (error) {
      const busy = error instanceof Refusal && error.retryAfter > 0 && error.retryAfter <= 30;
      if (!busy || attempt >= PATIENCE) throw error;
      // Its own sentence asks the visitor to try again, which is being done.
      report(page.texts.busy ?? '', 0);
      await pause(error.retryAfter * 1000, order.signal);
    }
  }
}
