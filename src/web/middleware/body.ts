/** Takes the photo out of a request, whatever the sender does: too much, too slow, two photos, no end, odd names. */
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { z } from 'zod';
import { STRENGTH } from '../../inference/drawing/strength.ts';
import { BodyError, readChunks } from '../../shared/body.ts';
import { DctoonError } from '../../shared/errors.ts';
import { orFail } from '../../shared/timeout.ts';
import type { WebLimits } from '../types.ts';
import type { ByteBudget } from './limits.ts';
import { HttpProblem } from './problems.ts';

export interface PhotoForm {
  readonly photo: Uint8Array;
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
      if (!budget.take(chunk.length)) throw new DctoonError('queue_full', 'upload memory is used up');
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

interface Parsed {
  readonly photos: Uint8Array[];
  readonly fields: Record<string, string>;
}

/**
 * Parses a form while it arrives, so that no chunk of work is long: parsing 20 MB at once held up the event loop.
 * @throws HttpProblem `bad_form`
 */
async function parseForm(type: string, body: AsyncIterable<Uint8Array>): Promise<Parsed> {
  const photos: Uint8Array[] = [];
  const fields: Record<string, string> = Object.create(null);
  let truncated = false;
  let parser: BusboyInstance;
  try {
    parser = new Busboy({ headers: { 'content-type': type }, limits: FORM_LIMITS });
  } catch {
    // No boundary.
    throw new HttpProblem('bad_form');
  }
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
  parser.on('file', (field, stream, filename) => {
    const chunks: Uint8Array[] = [];
    // Reported on the parser as well.
    stream.on('error', () => {});
    stream.on('data', (chunk: Uint8Array) => {
      if (field === 'file') chunks.push(chunk);
    });
    stream.on('end', () => {
      if (filename !== '' && chunks.length > 0) photos.push(Buffer.concat(chunks));
    });
  });
  // The first limit that is broken ends it: a form of nothing but boundaries is cheap to send and dear to parse.
  let isBroken = false;
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    parser.on(limit, () => {
      isBroken = true;
    });
  }
  for await (const slice of body) {
    parser.write(slice);
    if (isBroken) throw new HttpProblem('bad_form');
  }
  parser.end();
  await orFail(ended, PARSER_END_MS, slow).catch(() => {
    throw new HttpProblem('bad_form');
  });
  if (truncated) throw new HttpProblem('bad_form');
  return { photos, fields };
}

/**
 * Reads a `multipart/form-data` request with exactly one photo in the field `file`.
 * The file's name and announced type are ignored: the name goes nowhere near a path, and the decoder looks at the bytes.
 * @throws HttpProblem `bad_form`, `one_photo`, `slow_upload`
 * @throws DctoonError `no_photo`, `too_large`, `queue_full`, `cancelled`
 */
export async function readPhotoForm(
  request: Request,
  limits: WebLimits,
  budget: ByteBudget,
  user: string,
): Promise<PhotoForm> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) {
    throw request.headers.get('content-length') === '0' || !request.body
      ? new DctoonError('no_photo')
      : new HttpProblem('bad_form');
  }
  const held = new Held(budget, user);
  try {
    const { photos, fields } = await parseForm(type, slicesOf(request, limits, held));
    const [photo, second] = photos;
    if (!photo) throw new DctoonError('no_photo');
    if (second) throw new HttpProblem('one_photo');
    if (photo.length > limits.photoBytes) throw tooLarge(limits);
    return { photo, fields };
  } finally {
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
  format: z.enum(['jpeg', 'png']).optional(),
  strength: z
    .string()
    .regex(/^(\d{1,3})?$/)
    .transform((strength) => (strength ? Number(strength) : undefined))
    .pipe(z.int().max(STRENGTH.most).optional())
    .optional(),
});
