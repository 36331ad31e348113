/**
 * What every queue engine promises (one contract suite in `test/queue` runs against each).
 *
 * Promised: a submitted job is worked at least once and its responder is called until it resolves once; users
 * take turns (round-robin by `user`); at most `concurrency` processors truly run at a time; a full queue refuses
 * at once.
 * Deliberately NOT promised: exactly-once effects. A crash may run a processor or a responder again, so both
 * must be idempotent (the job's `id` is the idempotency key).
 *
 * One queue may span many processes (`redis/`). Then every job has one process that answers for it: the one that took
 * it in or, when that died, another one with a responder for its platform. What cannot be exact across processes:
 * - `status` knows the jobs this process answers for, and so does `counts` of one user;
 * - `status`, `counts` and `estimate` are as last read from Redis: after everything this process did, and at
 *   most a second old for what others did;
 * - events are told in the process that answers for the job, so that figures of all processes may be added up.
 */

import type { Cartoon, FaceCount, OnProgress, PhotoFormat, Shape, Stage } from '../inference/types.ts';
import type { DctoonError } from '../shared/errors.ts';
import type { Bytes } from '../storage/blobs/types.ts';

export type Platform = 'telegram' | 'discord' | 'web';

/** Plain JSON; survives a restart and travels between processes. Holds no tokens. */
export interface Job {
  /** Idempotency key, `[A-Za-z0-9_-]+` and not all digits: `tg-<chat>-<message>`, `dc-<message>-<attachment>`, `web-<uuid>`. */
  readonly id: string;
  /** Fairness and per-user limits count by user: one user of one platform, e.g. `tg-42`. */
  readonly user: string;
  /** Selects the responder that answers. */
  readonly platform: Platform;
  readonly style: string;
  readonly format: PhotoFormat;
  /** Absent = `photo`. */
  readonly as?: Shape;
  /** Per cent, 0 to 150; absent = 100, as the style draws. */
  readonly strength?: number;
  /** Upper bound of the encoded result in bytes, if the platform has one. */
  readonly maxBytes?: number;
  /** Language of the user, for texts that are sent later. */
  readonly locale: string;
  /** Where and how to answer. Opaque to the queue; the adapter that submitted it understands it. */
  readonly reply: unknown;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds after which nobody waits any more; the job then fails with `expired`. */
  readonly expiresAt?: number;
  /** 1 for the first run. */
  readonly attempt: number;
}

export type JobRequest = Omit<Job, 'createdAt' | 'attempt'>;

export interface JobStatus {
  readonly state: 'queued' | 'processing' | 'delivering';
  /** Jobs that will be processed before this one; 0 when it is next or being processed. */
  readonly ahead: number;
  /** Expected milliseconds until the result, from measured service times. */
  readonly etaMs: number;
  readonly stage?: Stage;
  /** Of a group, as it is drawn. */
  readonly faces?: FaceCount;
}

export interface Submission extends JobStatus {
  readonly id: string;
  /** True when this idempotency key was already known: nothing was added, the first one is answered. */
  readonly duplicate: boolean;
}

export type Outcome =
  | { readonly ok: true; readonly cartoon: Cartoon }
  | { readonly ok: false; readonly error: DctoonError };

export interface JobRun {
  /** Drawing needs no reply target: a worker that does not answer may not have it (null). */
  readonly job: Job;
  readonly photo: Uint8Array;
  /** Aborts on cancel, on deadline and on forced shutdown. */
  readonly signal: AbortSignal;
  readonly report: OnProgress;
}

export type Processor = (task: JobRun) => Promise<Cartoon>;

/** Sends the answer. Resolves when the user has it (or can never have it); a rejection is retried with back-off. */
export type Responder = (job: Job, outcome: Outcome) => Promise<void>;

export interface JobCounts {
  readonly queued: number;
  readonly processing: number;
  readonly delivering: number;
}

export interface QueueEvents {
  /** `check` or `submit` said no: nothing was taken in. Told once for every photo that was refused. */
  refused: { job: Pick<JobRequest, 'id' | 'user'>; error: DctoonError };
  queued: { job: Job };
  processing: { job: Job; waitedMs: number };
  progress: { job: Job; stage: Stage; faces?: FaceCount };
  /** The outcome is decided (result or error) and still to be delivered. */
  delivering: { job: Job; outcome: Outcome; workedMs: number };
  /** The responder resolved: the job is over. */
  done: { job: Job; outcome: Outcome };
  /** The responder kept rejecting until it was given up: the job is over without an answer. */
  failed: { job: Job };
}

export interface Queue {
  /**
   * What `submit` would say now, asked before the photo is downloaded: the submission of a known id, or undefined when
   * a new job would be taken.
   * @throws DctoonError as `submit`
   */
  check(job: Pick<JobRequest, 'id' | 'user' | 'expiresAt'>): Promise<Submission | undefined>;
  /** The submission of an id that is with the queue, or was finished lately; refuses nobody. */
  known(id: string): Promise<Submission | undefined>;
  /**
   * Takes a photo in. When this resolves, the photo is the queue's responsibility; a file may be gone then, or not.
   * @throws DctoonError `queue_full` | `user_limit` (details: `limit`, `seconds`) | `wait_too_long` | `shutting_down` | `storage_full`
   */
  submit(job: JobRequest, photo: Bytes): Promise<Submission>;
  /** Where a job stands; undefined when it is over or unknown. */
  status(id: string): JobStatus | undefined;
  /** Replaces the opaque reply target of a live job (e.g. after a status message was sent). False when the job is over. */
  updateReplyTarget(id: string, reply: unknown): Promise<boolean>;
  /**
   * Cancels a queued or processing job; its responder gets `cancelled`. False when it is over or being delivered, or
   * when it is not of `user`: one user must not cancel another's.
   */
  cancel(id: string, user?: string): Promise<boolean>;
  /**
   * Cancels every queued or processing job of a user, whichever process took it in. Resolves to how many it were; what is
   * being stored at the moment is not among them.
   * @throws DctoonError `internal` when the store of a shared queue does not answer
   */
  cancelAll(user: string): Promise<number>;
  /** Sets the one processor and starts working. */
  process(processor: Processor): void;
  /** Sets the responder of a platform; jobs of a platform without one wait in state `delivering`, for a day. */
  onOutcome(platform: Platform, responder: Responder): void;
  on<E extends keyof QueueEvents>(event: E, listener: (payload: QueueEvents[E]) => void): () => void;
  /** All jobs, or those of one user. */
  counts(user?: string): JobCounts;
  /** Expected wait in milliseconds of a job submitted now by this user. */
  estimate(user: string): number;
  /** Stops intake and lets accepted jobs finish for `deadlineMs` milliseconds; resolves to the number of jobs left over. */
  drain(deadlineMs: number): Promise<number>;
  /**
   * Aborts what still runs and releases everything. Jobs left over stay in a durable journal for the next start;
   * without one their responders get `shutting_down` first.
   */
  close(): Promise<void>;
}
