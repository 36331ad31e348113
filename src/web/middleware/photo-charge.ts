/** What photos cost in a visitor's limit: a whole one, or a tenth for a small copy as the page sends it for its previews. */
import { readFile } from 'node:fs/promises';
import { jpegSize } from '../../inference/image/container.ts';
import { DctoonError } from '../../shared/errors.ts';
import type { StoredFile } from '../../storage/draft-file.ts';
import type { WebContext } from '../types.ts';
import { FixedWindow } from './limits.ts';

/** In tenths of a photo. */
const WHOLE = 10;
const SMALL = 1;
/** A small copy: a JPEG of at most so many bytes, and so many pixels a side. */
const SMALL_BYTES = 96 * 1024;
const SMALL_PIXELS = 640;
/** What a form adds to the photo in it. */
const FORM_BYTES = 4096;

export class PhotoCharge {
  readonly #tenths: FixedWindow;

  /** @param photosPerMinute per visitor; 0 = no limit */
  constructor(photosPerMinute: number) {
    this.#tenths = new FixedWindow(photosPerMinute * WHOLE, 60_000);
  }

  /**
   * Counts a request before a byte of its body is read, so that a flood is refused before it costs anything.
   * @returns tenths that are still owed, should the body turn out to be no small copy
   * @throws DctoonError `rate_limited`
   */
  announced(context: WebContext): number {
    const length = context.req.header('content-length');
    const isSmall = length !== undefined && Number(length) <= SMALL_BYTES + FORM_BYTES;
    this.#count(context, isSmall ? SMALL : WHOLE);
    return isSmall ? WHOLE - SMALL : 0;
  }

  /** Few bytes can be many pixels. @throws DctoonError `rate_limited` */
  async arrived(context: WebContext, owed: number, photo: StoredFile): Promise<void> {
    if (owed > 0 && !(await isSmallCopy(photo))) this.#count(context, owed);
  }

  /** There was no photo in it. */
  wasted(context: WebContext, owed: number): void {
    if (owed > 0) this.#count(context, owed);
  }

  #count(context: WebContext, tenths: number): void {
    const seconds = this.#tenths.hit(context.get('user'), tenths);
    if (seconds > 0) throw new DctoonError('rate_limited', 'photos per minute', { details: { seconds } });
  }
}

async function isSmallCopy({ path, bytes }: StoredFile): Promise<boolean> {
  const size = bytes <= SMALL_BYTES ? jpegSize(await readFile(path)) : undefined;
  return size !== undefined && Math.max(size.width, size.height) <= SMALL_PIXELS;
}
