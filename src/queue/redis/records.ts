/** What lies in Redis about jobs, and what the scripts return, as this program's own types. */
import { z } from 'zod';
import { parseJson } from '../../shared/json.ts';
import { type StoredOutcome, storedOutcomeSchema } from '../outcomes.ts';
import { storedJobSchema } from '../stored-job.ts';
import type { Job, JobStatus } from '../types.ts';
import { type Step, stepOf } from './step.ts';

/** The part of a job that lies in Redis as JSON: all but the reply target, and what changes. */
export type StoredJob = Omit<Job, 'reply' | 'attempt'>;

export interface StoredSubmission {
  readonly job: StoredJob;
  readonly reply: unknown;
  /** Tells a command that was sent twice from a second submission. */
  readonly nonce: string;
  readonly limit: number;
  readonly limitPerUser: number;
}

export type SubmitResult =
  | { readonly kind: 'queued'; readonly priority: number }
  | { readonly kind: 'known' | 'user_limit' | 'queue_full' };

/** What a worker may do with the job it got. */
export type Start =
  | { readonly kind: 'run'; readonly job: StoredJob; readonly attempt: number }
  /** Decided already; too late; died with too many workers; nothing that this program wrote. */
  | { readonly kind: 'gone' | 'expired' | 'exhausted' | 'damaged' };

export interface Settlement {
  readonly was: 'queued' | 'processing';
  /** Jobs that move up in the queue: id and new priority. */
  readonly moved: readonly (readonly [id: string, priority: number])[];
}

export interface QueueState {
  readonly counts: { readonly queued: number; readonly processing: number; readonly delivering: number };
  /** Photos that all living workers draw at the same time. */
  readonly slots: number;
  /** Queued jobs before one of a user that has none. */
  readonly newcomer: number;
  /** Redis' clock, epoch milliseconds. */
  readonly now: number;
  /** Average milliseconds of a photo by style; `''` = over all. */
  readonly times: ReadonlyMap<string, number>;
  /** When the jobs in work began, by Redis' clock. */
  readonly starts: readonly number[];
  readonly users: readonly UserRow[];
  readonly jobs: readonly JobRow[];
}

interface UserRow {
  readonly queued: number;
  readonly processing: number;
  /** Queued jobs before the user's next one. */
  readonly ahead: number;
}

export interface JobRow {
  readonly id: string;
  /** `done` = finished lately, undefined = unknown. */
  readonly state: JobStatus['state'] | 'done' | undefined;
  readonly since: number;
  readonly step: Step;
  readonly owner: string;
  readonly ahead: number;
}

export interface OwnJob {
  readonly job: Job;
  readonly state: JobStatus['state'];
  readonly since: number;
  readonly step: Step;
  readonly workedMs: number;
  /** Present when delivering. */
  readonly outcome: StoredOutcome | undefined;
}

export interface Pending {
  readonly id: string;
  readonly priority: number;
  readonly label: JobLabel;
}

/** What a dashboard shows of a queued job. */
export interface JobLabel {
  readonly user: string;
  readonly platform: string;
  readonly style: string;
}

/** The job, if it is one of ours and the one that was asked for: Redis may hold anything. */
export function parseJob(id: string, text: string): StoredJob | undefined {
  const job = parseJson(storedJobSchema, text);
  return job?.id === id ? job : undefined;
}

const replySchema = z.object({ value: z.unknown() });

/** `read.lua`: job, reply target, state, since, attempt, milliseconds worked, outcome, step. */
export type OwnJobReply = readonly [
  job: string,
  reply: string,
  state: OwnJob['state'],
  since: number,
  attempt: number,
  workedMs: number,
  outcome: string,
  step: string,
];

/** Undefined when it is nothing that this program wrote. */
export function parseOwnJob(id: string, reply: OwnJobReply): OwnJob | undefined {
  const [jobText, replyText, state, since, attempt, workedMs, outcomeText, step] = reply;
  const job = parseJob(id, jobText);
  const target = parseJson(replySchema, `{"value":${replyText || 'null'}}`);
  const outcome = parseJson(storedOutcomeSchema, outcomeText);
  if (!job || !target || (outcomeText !== '' && !outcome)) return undefined;
  return {
    job: { ...job, reply: target.value, attempt },
    state,
    since,
    step: stepOf(step),
    workedMs,
    outcome,
  };
}

export function settlementOf(reply: unknown): Settlement | undefined {
  const [isDecided, was, moved = []] = reply as [0 | 1, Settlement['was'], (string | number)[]?];
  if (!isDecided) return undefined;
  const pairs = Array.from(
    { length: moved.length / 2 },
    (_, index) => [String(moved[2 * index]), Number(moved[2 * index + 1])] as const,
  );
  return { was, moved: pairs };
}

export function queueStateOf(reply: unknown): QueueState {
  const [queued, processing, delivering, slots, newcomer, now, times, starts, users, jobs] = reply as [
    number,
    number,
    number,
    number,
    number,
    number,
    string[],
    number[],
    [number, number, number][],
    [string, string, number, string, string, number][],
  ];
  const average = new Map<string, number>();
  for (let i = 0; i < times.length; i += 2) average.set(times[i] ?? '', Number(times[i + 1]));
  return {
    counts: { queued, processing, delivering },
    slots,
    newcomer,
    now,
    times: average,
    starts,
    users: users.map(([queued, processing, ahead]) => ({ queued, processing, ahead })),
    jobs: jobs.map(([id, state, since, step, owner, ahead]) => ({
      id,
      state: (state || undefined) as JobRow['state'],
      since,
      step: stepOf(step),
      owner,
      ahead,
    })),
  };
}
