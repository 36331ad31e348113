// @ts-check
/** The user's photos and what is being done with each. Knows no elements: the rest of the page is told by events. */
import {
  createJob,
  deleteJob,
  deleteResult,
  drawAtOnce,
  fetchPicture,
  follow,
  pause,
  Refusal,
} from './api.js';
import { isTransparent } from './canvas.js';
import { page, randomId } from './dom.js';
import { isSlowLine, noteSent } from './line.js';
import { lighter, shrink } from './small-copy.js';

/** @typedef {{blob: Blob, url: string, job: string, faces: number, notes: string[], message: string}} Cartoon `job` is the address under which the server keeps it. */
/** @typedef {{state: 'queued' | 'work' | 'failed', message: string, progress: number, hopeless?: boolean}} Work `hopeless`: trying again cannot help. */
/**
 * @typedef {object} Photo
 * @property {string} id
 * @property {File} file
 * @property {number} added Epoch milliseconds; unique, so that the order is known.
 * @property {string} url Of the photo itself.
 * @property {string} style
 * @property {Map<string, Cartoon>} cartoons By style.
 * @property {Map<string, string>} drafts URLs of small cartoons by style, shown until the one in full size is here.
 * @property {Work | undefined} work What is being done for the style, if anything.
 * @property {AbortController | undefined} abort Stops that.
 */

/**
 * Photos in work at the same time. Each holds a connection for its events, and browsers open only six to a server:
 * with more, a second tab or the cancel button would have to wait.
 */
const AT_ONCE = 2;
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

/** @typedef {Pick<Photo, 'id' | 'file' | 'added' | 'style'> & {cartoons: [string, Pick<Cartoon, 'blob' | 'job' | 'faces'>][], failure?: {message: string, hopeless: boolean} | undefined}} Restored */

/** Fires `change` and `removed` (detail: the photo) and `list` (photos came or went). */
export class Photos extends EventTarget {
  /** @type {Photo[]} */
  list = [];
  /** @type {Photo | undefined} */
  current = undefined;

  /**
   * Adds photos, chooses the first of them, and draws them all.
   * @param {File[]} files
   * @param {string} style
   */
  add(files, style) {
    const added = files.map((file, place) => ({
      id: randomId(),
      file,
      // Two of one choice never have the same time.
      added: Date.now() + place / 1000,
      url: URL.createObjectURL(file),
      style,
      cartoons: new Map(),
      drafts: new Map(),
      work: undefined,
      abort: undefined,
    }));
    this.list.push(...added);
    for (const photo of added) this.#enqueue(photo);
    this.select(added[0] ?? this.current);
  }

  /**
   * Brings back photos of an earlier visit. Those that had not been drawn yet are drawn now.
   * @param {Restored[]} restored
   * @param {string | undefined} current id of the one that was shown
   */
  restore(restored, current) {
    /** @type {Photo[]} */
    const photos = restored.map(({ cartoons, failure, ...rest }) => ({
      ...rest,
      url: URL.createObjectURL(rest.file),
      cartoons: new Map(
        cartoons.map(([style, cartoon]) => [
          style,
          { ...cartoon, url: URL.createObjectURL(cartoon.blob), notes: [], message: '' },
        ]),
      ),
      drafts: new Map(),
      work: failure && { ...failure, state: 'failed', progress: 0 },
      abort: undefined,
    }));
    if (photos.length === 0) return;
    this.list.unshift(...photos);
    for (const photo of photos) if (!photo.work && !photo.cartoons.has(photo.style)) this.#enqueue(photo);
    this.select(this.current ?? photos.find(({ id }) => id === current) ?? photos[0]);
  }

  /** @param {Photo | undefined} photo */
  select(photo) {
    this.current = photo;
    this.dispatchEvent(new Event('list'));
    if (photo) this.#changed(photo);
  }

  /**
   * Shows the current photo in a style, drawing it first if need be.
   * @param {string} style
   */
  restyle(style) {
    if (this.current) this.#restyle(this.current, style);
  }

  /**
   * The same for all photos.
   * @param {string} style
   */
  restyleAll(style) {
    for (const photo of this.list) this.#restyle(photo, style);
  }

  /** @param {Photo} photo @param {string} style */
  #restyle(photo, style) {
    if (photo.style === style) return;
    photo.abort?.abort();
    photo.style = style;
    photo.work = undefined;
    if (photo.cartoons.has(style)) this.#changed(photo);
    else this.#enqueue(photo);
  }

  /** @param {Photo} photo */
  retry(photo) {
    this.#enqueue(photo);
  }

  /**
   * Stops the work on a photo; its other cartoons stay.
   * @param {Photo} photo
   */
  cancel(photo) {
    photo.abort?.abort();
    this.#set(photo, { state: 'failed', message: page.texts.stopped ?? '', progress: 0 });
  }

  /**
   * Deletes a photo and its cartoons, on the server first. Another photo is shown then, if there is one.
   * @param {Photo} photo
   * @throws {Refusal} when the server does not; then everything is still here, and it can be tried again
   */
  async remove(photo) {
    photo.abort?.abort();
    await Promise.all([...photo.cartoons.values()].map(({ job }) => deleteResult(job)));
    const index = this.list.indexOf(photo);
    this.list = this.list.filter((other) => other !== photo);
    URL.revokeObjectURL(photo.url);
    for (const { url } of photo.cartoons.values()) URL.revokeObjectURL(url);
    for (const url of photo.drafts.values()) URL.revokeObjectURL(url);
    this.dispatchEvent(new CustomEvent('removed', { detail: photo }));
    this.select(photo === this.current ? (this.list[index] ?? this.list[index - 1]) : this.current);
  }

  /** @param {Photo} photo */
  #enqueue(photo) {
    const controller = new AbortController();
    photo.abort = controller;
    this.#set(photo, { state: 'queued', message: page.texts.waitingHere ?? '', progress: 0 });
    this.#startNext();
  }

  #startNext() {
    const free = AT_ONCE - this.list.filter(({ work }) => work?.state === 'work').length;
    const next = this.list.filter(({ work }) => work?.state === 'queued').slice(0, Math.max(0, free));
    for (const photo of next) void this.#draw(photo);
  }

  /** @param {Photo} photo */
  async #draw(photo) {
    const { style, abort } = photo;
    if (!abort) return;
    const { signal } = abort;
    /** @param {string} message @param {number} progress */
    const report = (message, progress) => {
      if (!signal.aborted) this.#set(photo, { state: 'work', message, progress });
    };
    report(page.texts.uploading ?? '', 0);
    try {
      const cartoon = await this.#drawFull(photo, style, signal, report);
      photo.cartoons.set(style, cartoon);
      if (photo.style === style) {
        photo.work = undefined;
        this.#changed(photo);
      }
    } catch (error) {
      if (!signal.aborted) {
        const { message, code } = error instanceof Refusal ? error : new Refusal(page.texts.error ?? '', '');
        this.#set(photo, { state: 'failed', message, progress: 0, hopeless: page.hopeless.includes(code) });
      }
    }
    this.#startNext();
  }

  /**
   * Over a slow line the cartoon of a small copy is here long before the photo has been sent, so that goes first, and the
   * photo itself in fewer bytes.
   * @param {Photo} photo @param {string} style @param {AbortSignal} signal
   * @param {(message: string, progress: number) => void} report
   */
  async #drawFull(photo, style, signal, report) {
    const { file } = photo;
    if (await isTransparent(file)) return await draw(file, style, 'png', signal, report);
    if (file.size <= LARGE_BYTES) return await draw(file, style, 'jpeg', signal, report);
    if (!isSlowLine()) {
      const cartoon = await drawUnlessSlow(file, style, signal, report);
      if (cartoon) return cartoon;
    }
    const light = lighter(file);
    await this.#sketch(photo, style, signal);
    return await draw(await light, style, 'webp', signal, report);
  }

  /**
   * Draws a small copy.
   * @param {Photo} photo @param {string} style @param {AbortSignal} signal
   * @returns {Promise<void>} when it has been sent: the line is free for the photo, while its cartoon comes back
   */
  async #sketch(photo, style, signal) {
    if (photo.drafts.has(style)) return;
    try {
      const small = await shrink(photo.file);
      await new Promise((sent, failed) => {
        const onSent = (/** @type {number} */ share) => share === 1 && sent(undefined);
        drawAtOnce({ photo: small, style, format: 'webp', signal, onSent }).then((cartoon) => {
          photo.drafts.set(style, URL.createObjectURL(cartoon));
          if (!signal.aborted) this.#changed(photo);
          sent(undefined);
        }, failed);
      });
    } catch {
      // A courtesy: the photo itself is next.
    }
  }

  /** @param {Photo} photo @param {Work} work */
  #set(photo, work) {
    photo.work = work;
    this.#changed(photo);
  }

  /** @param {Photo} photo */
  #changed(photo) {
    this.dispatchEvent(new CustomEvent('change', { detail: photo }));
  }
}

/**
 * Draws a photo as it is, unless its line turns out to be slow.
 * @param {Blob} photo
 * @param {string} style
 * @param {AbortSignal} signal
 * @param {(message: string, progress: number) => void} report
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
      reached = progress;
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
 * @param {(message: string, progress: number) => void} report
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
 * @param {(message: string, progress: number) => void} report
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
