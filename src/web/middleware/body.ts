/** Takes the photo out of a request, whatever the sender does: too much, too slow, two photos, no end, odd names. */
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { z } from 'zod';
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

/**
 * Passes a request body on, chunk by chunk, as long as it keeps the limits.
 * @param budget counts the bytes; the caller releases it
 * @throws DctoonError `too_large`, `queue_full` (the budget is used up), `cancelled` (the client went away)
 * @throws HttpProblem `slow_upload`
 */
async function* readBody(request: Request, limits: WebLimits, budget: Held): AsyncGenerator<Uint8Array> {
  const most = limits.photoBytes + limits.formSlackBytes;
  // Refused from the announcement alone: the bytes are never read. A false announcement is caught below.
  if (Number(request.headers.get('content-length')) > most) throw tooLarge(limits);
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  const deadline = Date.now() + limits.bodyTotalMs;
  while (reader) {
    const patience = Math.max(0, Math.min(limits.bodyIdleMs, deadline - Date.now()));
    const { done, value } = await orFail(reader.read(), patience, slow).catch((error: unknown) => {
      if (error instanceof HttpProblem) throw error;
      throw new DctoonError('cancelled', 'the client went away while sending', { cause: error });
    });
    if (done) return;
    if (!budget.take(value.length)) throw new DctoonError('queue_full', 'upload memory is used up');
    if (budget.bytes > most) throw tooLarge(limits);
    yield value;
  }
}

function tooLarge({ photoBytes }: WebLimits): DctoonError {
  const details = { megabytes: Math.round(photoBytes / 1024 / 1024) };
  return new DctoonError('too_large', 'request body over the limit', { details });
}

/** What one request has taken from the byte budget of all. */
class Held {
  readonly #budget: ByteBudget;
  bytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  take(bytes: number): boolean {
    if (!this.#budget.take(bytes)) return false;
    this.bytes += bytes;
    return true;
  }

  release(): void {
    this.#budget.give(this.bytes);
    this.bytes = 0;
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
  for await (const chunk of body) parser.write(chunk);
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
): Promise<PhotoForm> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) {
    throw request.headers.get('content-length') === '0' || !request.body
      ? new DctoonError('no_photo')
      : new HttpProblem('bad_form');
  }
  const held = new Held(budget);
  try {
    const { photos, fields } = await parseForm(type, readBody(request, limits, held));
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
});
