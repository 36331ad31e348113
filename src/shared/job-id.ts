/** The one rule for ids of jobs, wherever they come from: a platform, a journal on disk, Redis. */
import { DctoonError } from './errors.ts';

/** Ids become file names, keys of Redis and BullMQ's job ids, which must not be all digits and have no colon. */
export const JOB_ID: RegExp = /^(?!\d+$)[A-Za-z0-9_-]{1,200}$/;

export function isJobId(id: string): boolean {
  return JOB_ID.test(id);
}

/** @throws DctoonError `internal` for an id that is no safe name */
export function checkJobId(id: string): void {
  if (isJobId(id)) return;
  throw new DctoonError('internal', 'Expected a job id of [A-Za-z0-9_-]+, not all digits');
}
