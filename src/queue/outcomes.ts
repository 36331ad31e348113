/** Outcomes as values and as JSON, and what else every backend of the queue needs. */
import { z } from 'zod';
import { type Cartoon, PHOTO_FORMATS } from '../inference/types.ts';
import { DctoonError, ERROR_CODES, type ErrorCode } from '../shared/errors.ts';
import type { Outcome } from './types.ts';

export function failure(error: DctoonError): Outcome {
  return { ok: false, error };
}

/** A copy by way of JSON: what would not survive a restart fails in the first test, not after the first restart. */
export function plain<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

const cartoonSchema = z.looseObject({
  format: z.enum(PHOTO_FORMATS),
  width: z.number(),
  height: z.number(),
  faces: z.number(),
  notes: z.array(z.enum(['smaller', 'damaged'])).exactOptional(),
  timings: z.record(z.enum(['decode', 'faces', 'style', 'blend', 'encode', 'total']), z.number()),
});

/** An outcome as JSON, in the journal, in Redis and beside results; the image lies elsewhere, under `cartoonKey`. */
export const storedOutcomeSchema = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true), cartoon: cartoonSchema }),
  z.looseObject({
    ok: z.literal(false),
    // A later version may know more codes.
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]).catch('internal'),
    message: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
]);

export type StoredOutcome =
  | { readonly ok: true; readonly cartoon: Omit<Cartoon, 'image'> }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: Readonly<Record<string, string | number>>;
    };

export function storeOutcome(outcome: Outcome): StoredOutcome {
  if (outcome.ok) {
    const { image: _, ...cartoon } = outcome.cartoon;
    return { ok: true, cartoon };
  }
  const { code, message, details } = outcome.error;
  return { ok: false, code, message, details };
}

/** The outcome again; `undefined` when the image is gone. */
export function loadOutcome(stored: StoredOutcome, image: Uint8Array | undefined): Outcome | undefined {
  if (!stored.ok) {
    return { ok: false, error: new DctoonError(stored.code, stored.message, { details: stored.details }) };
  }
  return image && { ok: true, cartoon: { ...stored.cartoon, image } };
}
