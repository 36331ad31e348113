/**
 * What has to survive the process: one small JSON entry per live job. Bytes lie in the `BlobStore` beside it and
 * are written first, so an entry never points to nothing.
 *
 *   queued --> processing --> delivering --> (finished: the entry is gone, its id is remembered)
 *
 * On recovery a queued job is queued again, one that was being processed too with `attempt + 1`, and of one that was
 * being delivered only the answer is sent again.
 */

import type { StoredOutcome } from '../outcomes.ts';
import type { Job } from '../types.ts';

export interface JournalEntry {
  readonly job: Job;
  readonly state: 'queued' | 'processing' | 'delivering';
  /** Present when delivering. */
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
  /** Creates or replaces the entry of `entry.job.id`. A queued entry is on the disk when this resolves. */
  record(entry: JournalEntry): Promise<void>;
  /** The job is over. `abandoned`: no answer could be sent, or it failed too often; kept aside for the operator. */
  finish(entry: JournalEntry, how: 'done' | 'failed'): Promise<void>;
  recover(): Promise<Recovered>;
  close(): Promise<void>;
}
