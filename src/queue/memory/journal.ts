/**
 * What has to survive the process: one small JSON entry per live job. Bytes lie in the `BlobStore` beside it and
 * are written first, so an entry never points to nothing.
 *
 *   accepted --> running --> rendered --> (finished: the entry is gone, its id is remembered)
 *
 * On recovery an accepted job is queued again, a running one too with `attempt + 1`, and of a rendered one only
 * the answer is sent again (research/engineering.md, section 3).
 */

import type { Cartoon } from '../../inference/types.ts';
import { DctoonError, type ErrorCode } from '../../shared/errors.ts';
import type { Job, Outcome } from '../types.ts';

/** An outcome as JSON; the image lies in the blob store under `cartoonKey`. */
export type StoredOutcome =
  | { readonly ok: true; readonly cartoon: Omit<Cartoon, 'image'> }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: Readonly<Record<string, string | number>>;
    };

export interface JournalEntry {
  readonly job: Job;
  readonly state: 'accepted' | 'running' | 'rendered';
  /** Present when rendered. */
  readonly outcome?: StoredOutcome;
}

export interface Recovered {
  /** In the order in which they were accepted. */
  readonly entries: readonly JournalEntry[];
  /** Ids that were finished lately, oldest first: a platform that delivers them again gets no second answer. */
  readonly finished: readonly string[];
}

export interface Journal {
  /** Whether entries survive the process. If not, users are told on shutdown that their photo is lost. */
  readonly durable: boolean;
  /** Creates or replaces the entry of `entry.job.id`. An accepted entry is on the disk when this resolves. */
  record(entry: JournalEntry): Promise<void>;
  /** The job is over. `abandoned`: no answer could be sent, or it failed too often; kept aside for the operator. */
  finish(entry: JournalEntry, how: 'answered' | 'abandoned'): Promise<void>;
  recover(): Promise<Recovered>;
  close(): Promise<void>;
}

/** Keeps nothing: jobs end with the process. */
export const noJournal: Journal = {
  durable: false,
  record: async () => {},
  finish: async () => {},
  recover: async () => ({ entries: [], finished: [] }),
  close: async () => {},
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
