/** Takes the photo out of a request, whatever the sender does: too much, too slow, two photos, no end, odd names. */
import { z } from 'zod';
import { DctoonError } from '../errors.ts';
import type { ByteBudget } from './limits.ts';
import { HttpProblem } from './problems.ts';
import type { WebLimits } from './types.ts';

export interface PhotoForm {
  readonly photo: Uint8Array;
  /** The other fields, as far as they are text. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Bytes of a body and the function that returns them to the budget. */
interface HeldBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly release: () => void;
}

/** Rejects with `slow_upload` when `promise` takes longer than `ms`. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HttpProblem('slow_upload')), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reads a request body into memory.
 * @throws DctoonError `too_large`, `queue_full` (the byte budget of all clients is used up), `cancelled` (the client went away)
 * @throws HttpProblem `slow_upload`
 */
export async function readBody(request: Request, limits: WebLimits, budget: ByteBudget): Promise<HeldBody> {
  const most = limits.photoBytes + limits.formSlackBytes;
  const tooLarge = () =>
    new DctoonError('too_large', 'request body over the limit', {
      details: { megabytes: Math.round(limits.photoBytes / 1024 / 1024) },
    });
  // Refused from the announcement alone: the bytes are never read. A false announcement is caught below.
  if (Number(request.headers.get('content-length')) > most) throw tooLarge();
  if (!request.body) return { bytes: new Uint8Array(), release: () => {} };

  const reader = request.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const chunks: Uint8Array[] = [];
  const deadline = Date.now() + limits.bodyTotalMs;
  let held = 0;
  const release = () => {
    budget.give(held);
    held = 0;
  };
  try {
    for (;;) {
      const patience = Math.min(limits.bodyIdleMs, deadline - Date.now());
      const { done, value } = await within(reader.read(), Math.max(0, patience));
      if (done) break;
      if (!budget.take(value.length)) throw new DctoonError('queue_full', 'upload memory is used up');
      held += value.length;
      if (held > most) throw tooLarge();
      chunks.push(value);
    }
    return { bytes: Buffer.concat(chunks, held), release };
  } catch (error) {
    release();
    if (error instanceof DctoonError || error instanceof HttpProblem) throw error;
    throw new DctoonError('cancelled', 'the client went away while sending', { cause: error });
  }
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
  const body = await readBody(request, limits, budget);
  try {
    let form: Awaited<ReturnType<Response['formData']>>;
    try {
      form = await new Response(body.bytes, { headers: { 'content-type': type } }).formData();
    } catch {
      throw new HttpProblem('bad_form');
    }
    const files = form.getAll('file');
    const photos = files.filter((entry) => typeof entry !== 'string' && entry.size > 0 && entry.name !== '');
    const [photo] = photos;
    if (photo === undefined || typeof photo === 'string') throw new DctoonError('no_photo');
    if (photos.length > 1) throw new HttpProblem('one_photo');
    if (photo.size > limits.photoBytes) throw new DctoonError('too_large');
    const fields = [...form].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return { photo: new Uint8Array(await photo.arrayBuffer()), fields: Object.fromEntries(fields) };
  } finally {
    body.release();
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
