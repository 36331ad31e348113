/** What every backend of the queue is made with. */
import type { Logger } from '../observability/logger.ts';
import type { BlobStore } from '../storage/blobs/types.ts';
import type { Limits } from './admission.ts';

export interface QueueOptions extends Limits {
  /** Photos processed at the same time in this process, if it has a processor. */
  readonly concurrency: number;
  readonly blobs: BlobStore;
  readonly log: Logger;
  /** Expected milliseconds per photo before any was measured. Default: 2000. */
  readonly expectedMs?: number;
  /** How often a responder may reject for one job. Default: 10. */
  readonly answerAttempts?: number;
  /** Milliseconds after the n-th rejection. Default: 1, 2, 4 ... 60 s. */
  readonly answerBackoffMs?: (rejections: number) => number;
  /** Longest time `close` waits for aborted processors and running responders. Default: 5000. */
  readonly closeMs?: number;
}
