/** How many photos are drawn at the same time. */
import type { Config } from '../config/schema.ts';
import { type Machine, readMachine } from '../shared/machine.ts';

/** Resident megabytes of an inference process over large photos, and of the service itself; see "Sizing" in docs/operations.md. */
export const MEMORY_MB = { process: 300, service: 200 } as const;

/**
 * Inference processes at most: `QUEUE_CONCURRENCY`, or with `auto` as many as there are whole cores and memory for, one
 * at least. A thread of the service (`TIER=small`) is meant for machines that have room for one.
 */
export function concurrencyOf(
  { QUEUE_CONCURRENCY, TIER }: Pick<Config, 'QUEUE_CONCURRENCY' | 'TIER'>,
  machine: Machine = readMachine(),
): number {
  if (QUEUE_CONCURRENCY !== 'auto') return QUEUE_CONCURRENCY;
  if (TIER === 'small') return 1;
  const room = Math.floor((machine.memoryBytes / 1e6 - MEMORY_MB.service) / MEMORY_MB.process);
  return Math.max(1, Math.min(Math.floor(machine.cores), room));
}
