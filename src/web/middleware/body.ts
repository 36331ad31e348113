/** Takes the photo out of a request, whatever the sender does: too much, too slow, two photos, no end, odd names. */
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { z } from 'zod';
import { strengthSchema } from '../../inference/drawing/strength-schema.ts';
import { SERVED_FORMATS, SHAPES } from '../../inference/types.ts';
import { BodyError, readChunks } from '../../shared/body.ts';
import { DctoonError } from '../../shared/errors.ts';
import { orFail } from '../../shared/timeout.ts';
import { DraftFile, type StoredFile } from '../../storage/draft-file.ts';
import type { WebLimits } from '../types.ts';
import type { ByteBudget } from './limits.ts';
import { HttpProblem } from './problems.ts';

export interface PhotoFormOptions {
  readonly limits: WebLimits;
  readonly budget: ByteBudget;
  readonly user: string;
  readonly folder: string;
}

export interface PhotoForm {
  readonly photo: StoredFile;
  /** The other fields, as far as they are text. */
  readonly fields: Readonly<Record<string, string>>;
}

const slow = () => new HttpProblem('slow_upload');

/** Bytes that the parser is given at once: it goes on to the end of them, whatever limit they break. */
const SLICE_BYTES = 8192;

/**
 * Passes a request body on in slices, as long as it keeps the limits.
 * @param budget counts the bytes; the caller releases it
 * @throws DctoonError `too_large`, `queue_full` (the budget is used up), `cancelled` (the client went away)
 * @throws HttpProblem `slow_upload`
 */
async function* slicesOf(request: Request, limits: WebLimits, budget: Held): AsyncGenerator<Uint8Array> {
  const body = readChunks(request, {
    maxBytes: limits.photoBytes + limits.formSlackBytes,
    idleMs: limits.bodyIdleMs,
    totalMs: limits.bodyTotalMs,
    leastRate: limits.bodyLeastRate,
  });
  try {
    for await (const chunk of body) {
      if (!budget.take(chunk.length)) throw new DctoonError('queue_full', 'the room for uploads is used up');
      for (let at = 0; at < chunk.length; at += SLICE_BYTES) yield chunk.subarray(at, at + SLICE_BYTES);
    }
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    if (error.reason === 'too_slow') throw slow();
    if (error.reason === 'too_large') throw tooLarge(limits);
    throw new DctoonError('cancelled', 'the client went away while sending', { cause: error });
  }
}

function tooLarge({ photoBytes }: WebLimits): DctoonError {
  const details = { megabytes: Math.round(photoBytes / 1024 / 1024) };
  return new DctoonError('too_large', 'request body over the limit', { details });
}

/** What one request has taken from the byte budget of all. */
class Held {
  readonly #budget: ByteBudget;
  readonly #user: string;
  #bytes = 0;

  constructor(budget: ByteBudget, user: string) {
    this.#budget = budget;
    this.#user = user;
  }

  take(bytes: number): boolean {
    if (!this.#budget.take(bytes, this.#user)) return false;
    this.#bytes += bytes;
    return true;
  }

  release(): void {
    this.#budget.give(this.#bytes, this.#user);
    this.#bytes = 0;
  }
}

/** Many more parts, and longer fields, than any form of ours has. */
const FORM_LIMITS = { files: 10, fields: 20, parts: 30, fieldSize: 1024, headerPairs: 20, headerSize: 8192 };

/** Milliseconds the parser may take after the last byte; it only waits for its own events then. */
const PARSER_END_MS = 5000;

/** Bytes of a photo that are collected before they are written to the disk. */
const WRITE_BYTES = 64 * 1024;

/** The photo of a form, on its way to the disk. */
class ArrivingPhoto {
  readonly #folder: string;
  #draft: DraftFile | undefined;
  #bytes = 0;
  #unwritten: Uint8Array[] = [];
  #unwrittenBytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes of the photo so far. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    this.#unwritten.push(chunk);
    this.#unwrittenBytes += chunk.length;
    this.#bytes += chunk.length;
  }

  /** @param least write nothing while there is less @throws DctoonError `storage_full` */
  async write(least = WRITE_BYTES): Promise<void> {
    if (this.#unwrittenBytes < least || this.#unwrittenBytes === 0) return;
    const parts = this.#unwritten.splice(0);
    this.#unwrittenBytes = 0;
    this.#draft ??= await DraftFile.create(this.#folder);
    await this.#draft.append(...parts);
  }

  /** The photo; undefined when there was no byte of one. */
  async finish(): Promise<StoredFile | undefined> {
    await this.write(1);
    return this.#draft?.finish();
  }

  async discard(): Promise<void> {
    await this.#draft?.discard();
  }
}

/**
 * Parses a form while it arrives, so that no chunk of work is long (parsing 20 MB at once held up the event loop) and the
 * photo is never in memory as a whole.
 * @throws HttpProblem `bad_form`, `one_photo`
 * @throws DctoonError `too_large`, `storage_full`
 */
async function parseForm(
  type: string,
  body: AsyncIterable<Uint8Array>,
  photo: ArrivingPhoto,
  limits: WebLimits,
): Promise<Record<string, string>> {
  const fields: Record<string, string> = Object.create(null);
  let truncated = false;
  let parser: BusboyInstance;
  try {
    parser = new Busboy({ headers: { 'content-type': type }, limits: FORM_LIMITS });
  } catch {
    // No boundary.
    throw new HttpProblem('bad_form');
  }
  /** The first limit that is broken ends it: a form of nothing but boundaries is cheap to send and dear to parse. */
  let problem: Error | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    parser.once('finish', resolve);
    parser.on('error', () => reject(new HttpProblem('bad_form')));
  });
  // It may fail while we still wait for bytes.
  ended.catch(() => {});
  parser.on('field', (name, value, _nameTruncated, valueTruncated) => {
    fields[name] = value;
    truncated ||= valueTruncated;
  });
  let chosen: unknown;
  parser.on('file', (field, stream, filename) => {
    // Reported on the parser as well.
    stream.on('error', () => {});
    stream.on('data', (chunk: Uint8Array) => {
      // Browsers send an empty part for a field without a file.
      if (field !== 'file' || filename === '' || chunk.length === 0) return;
      chosen ??= stream;
      if (chosen !== stream) problem = new HttpProblem('one_photo');
      else photo.push(chunk);
      if (photo.bytes > limits.photoBytes) problem ??= tooLarge(limits);
    });
  });
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    parser.on(limit, () => {
      problem = new HttpProblem('bad_form');
    });
  }
  for await (const slice of body) {
    parser.write(slice);
    if (problem) throw problem;
    await photo.write();
  }
  parser.end();
  await orFail(ended, PARSER_END_MS, slow).catch(() => {
    throw new HttpProblem('bad_form');
  });
  if (problem) throw problem;
  if (truncated) throw new HttpProblem('bad_form');
  return fields;
}

/**
 * Reads a `multipart/form-data` request with exactly one photo in the field `file` and passes it on; the file is deleted
 * afterwards, if it was not taken away. Its bytes count until then.
 * The file's name and announced type are ignored: the name goes nowhere near a path, and the decoder looks at the bytes.
 * @param options.folder where the photo lies meanwhile
 * @throws HttpProblem `bad_form`, `one_photo`, `slow_upload`
 * @throws DctoonError `no_photo`, `too_large`, `queue_full`, `storage_full`, `cancelled`, and what `use` throws
 */
export async function withPhotoForm<T>(
  request: Request,
  { limits, budget, user, folder }: PhotoFormOptions,
  use: (form: PhotoForm) => Promise<T>,
): Promise<T> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) {
    throw request.headers.get('content-length') === '0' || !request.body
      ? new DctoonError('no_photo')
      : new HttpProblem('bad_form');
  }
  const held = new Held(budget, user);
  const arriving = new ArrivingPhoto(folder);
  try {
    const fields = await parseForm(type, slicesOf(request, limits, held), arriving, limits);
    const photo = await arriving.finish();
    if (!photo) throw new DctoonError('no_photo');
    return await use({ photo, fields });
  } finally {
    await arriving.discard();
    held.release();
  }
}

/** The fields that may stand beside the photo. An empty one counts as not given, as browsers send it. */
export const photoFields = z.object({
  style: z
    .string()
    .max(64)
    .transform((style) => style || undefined)
    .optional(),
  format: z.enum(SERVED_FORMATS).optional(),
  as: z
    .enum(['', ...SHAPES])
    .transform((as) => as || undefined)
    .optional(),
  strength: z
    .string()
    .regex(/^(\d{1,3})?$/)
    .transform((strength) => (strength ? Number(strength) : undefined))
    .pipe(strengthSchema.optional())
    .optional(),
});
