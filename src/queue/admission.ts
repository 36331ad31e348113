/** Whether a photo is taken in: the same rules for every backend, whatever it counts with. */
import { DctoonError } from '../shared/errors.ts';
import type { Events } from './events.ts';
import type { JobRequest } from './types.ts';

/** What a submission is judged by. */
export type Applicant = Pick<JobRequest, 'id' | 'user' | 'expiresAt'>;

export interface Limits {
  /** Live jobs in total: queued, processing and delivering. */
  readonly limit: number;
  /** Jobs one user may have queued or processing. */
  readonly limitPerUser: number;
}

/** How things stand for a user who asks. */
export interface Load {
  readonly isClosing: boolean;
  /** Live jobs in total. */
  readonly live: number;
  /** The user's jobs that are queued or processing. */
  readonly ofUser: number;
  /** Milliseconds until the first of them is done. */
  readonly soonestMs: () => number;
  /** Milliseconds until a job submitted now is done. */
  readonly etaMs: number;
}

/** @throws DctoonError `shutting_down` | `user_limit` | `queue_full` | `wait_too_long`: what stands against taking it */
export function admit({ expiresAt }: Applicant, { limit, limitPerUser }: Limits, load: Load): void {
  const { isClosing, live, ofUser, soonestMs, etaMs } = load;
  if (isClosing) throw new DctoonError('shutting_down');
  if (ofUser >= limitPerUser) throw refusal('user_limit', soonestMs(), limitPerUser);
  if (live >= limit) throw refusal('queue_full', etaMs, limit);
  if (expiresAt !== undefined && Date.now() + etaMs > expiresAt) throw refusal('wait_too_long', etaMs);
}

/** A refusal that says when another try may succeed. */
export function refusal(
  code: 'user_limit' | 'queue_full' | 'wait_too_long',
  waitMs: number,
  limit?: number,
): DctoonError {
  const details = { ...(limit !== undefined && { limit }), seconds: Math.ceil(waitMs / 1000) };
  return new DctoonError(code, undefined, { details });
}

/** Passes on what a submission comes to, and tells `refused` if it is an error. */
export async function tellingRefusals<T>(
  events: Events,
  job: Applicant,
  asked: () => Promise<T>,
): Promise<T> {
  try {
    return await asked();
  } catch (thrown) {
    const error = DctoonError.from(thrown);
    events.emit('refused', { job: { id: job.id, user: job.user }, error });
    throw error;
  }
}
