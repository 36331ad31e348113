/** When a job is processed again. */
import type { Outcome } from './types.ts';

/** How often one job is processed in all. */
export const MAX_ATTEMPTS = 3;

/**
 * After `internal` only: something of ours broke, and may not break again. `crashed` and `timeout` are final, because
 * inference has already replaced its process and tried twice: a photo that kills must not go on killing. A process of
 * the service that dies counts as an attempt as well.
 * @param attempt 1 for the first run
 */
export function mayTryAgain(outcome: Outcome, attempt: number): boolean {
  return !outcome.ok && outcome.error.code === 'internal' && attempt < MAX_ATTEMPTS;
}
