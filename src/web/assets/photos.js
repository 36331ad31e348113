// @ts-check
/** The user's photos and what is being done with each. Knows no elements: the rest of the page is told by events. */
import { deleteResult, Refusal } from './api.js';
import { drawsHere } from './device.js';
import { page, randomId } from './dom.js';
import { drawPhoto } from './drawing.js';

/** @typedef {{blob: Blob, url: string, job: string, faces: number, notes: string[], message: string}} Cartoon `job` is the address under which the server keeps it; empty where it was drawn here. */
/** @typedef {{state: 'queued' | 'work' | 'failed', message: string, progress: number, hopeless?: boolean, code?: string}} Work `hopeless`: trying again cannot help. `code`: of the refusal. */
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
    await Promise.all([...photo.cartoons.values()].map(({ job }) => job && deleteResult(job)));
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
    report((drawsHere() ? page.texts.working : page.texts.uploading) ?? '', 0);
    try {
      const cartoon = await drawPhoto(photo.file, style, {
        signal,
        report,
        wantsDraft: !photo.drafts.has(style),
        onDraft: (url) => {
          photo.drafts.set(style, url);
          if (!signal.aborted) this.#changed(photo);
        },
      });
      photo.cartoons.set(style, cartoon);
      if (photo.style === style) {
        photo.work = undefined;
        this.#changed(photo);
      }
    } catch (error) {
      if (!signal.aborted) {
        const { message, code } = error instanceof Refusal ? error : new Refusal(page.texts.error ?? '', '');
        this.#set(photo, {
          state: 'failed',
          message,
          progress: 0,
          code,
          hopeless: page.hopeless.includes(code),
        });
      }
    }
    this.#startNext();
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
