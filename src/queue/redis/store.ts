/** The scripts as typed calls, and the jobs in Redis as this program's own types. */
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Stage } from '../../inference/types.ts';
import { ERROR_CODES, type ErrorCode } from '../../shared/errors.ts';
import { asDctoonError, type RedisConnections, TTL_SECONDS } from '../../storage/redis-connections.ts';
import { type StoredOutcome, storeOutcome } from '../outcomes.ts';
import type { Job, JobStatus, Outcome, Platform } from '../types.ts';
import { SCRIPTS, type Script } from './scripts.ts';

/** A handler's runs of one job in all, as in `memory-queue.ts`. */
export const MAX_ATTEMPTS = 3;
/** A platform repeats an update after an outage of hours; a million photos a day then are 250,000 keys of 100 bytes. */
const REMEMBER_SECONDS = 6 * 3600;

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
  /** Decided already; too late; died with too many workers. */
  | { readonly kind: 'gone' | 'expired' | 'worn' };

export interface Settlement {
  readonly was: 'queued' | 'processing';
  /** Jobs that move up in the line: id and new priority. */
  readonly moved: readonly (readonly [id: string, priority: number])[];
}

export interface QueueLook {
  readonly counts: { readonly queued: number; readonly processing: number; readonly delivering: number };
  /** Photos that all living workers draw at the same time. */
  readonly slots: number;
  /** Waiting jobs before one of a user that has none. */
  readonly newcomer: number;
  /** Redis' clock, epoch milliseconds. */
  readonly now: number;
  /** Average milliseconds of a photo by style; `''` = over all. */
  readonly times: ReadonlyMap<string, number>;
  /** When the running jobs began, by Redis' clock. */
  readonly starts: readonly number[];
  readonly users: readonly UserRow[];
  readonly jobs: readonly JobRow[];
}

export interface UserRow {
  readonly queued: number;
  readonly processing: number;
  /** Waiting jobs before the user's next one. */
  readonly ahead: number;
}

export interface JobRow {
  readonly id: string;
  /** `done` = finished lately, undefined = unknown. */
  readonly state: JobStatus['state'] | 'done' | undefined;
  readonly since: number;
  readonly stage: Stage | undefined;
  readonly owner: string;
  readonly ahead: number;
}

export interface OwnJob {
  readonly job: Job;
  readonly state: JobStatus['state'];
  readonly since: number;
  readonly stage: Stage | undefined;
  readonly workedMs: number;
  /** Present when answering. */
  readonly outcome: StoredOutcome | undefined;
}

export interface Pending {
  readonly id: string;
  readonly priority: number;
  readonly label: JobLabel;
}

/** What a dashboard shows of a waiting job. */
export interface JobLabel {
  readonly user: string;
  readonly platform: string;
  readonly style: string;
}

/** The parts that this program relies on; the rest was written by it, perhaps in another version. */
const jobSchema = z.looseObject({ id: z.string(), user: z.string(), createdAt: z.number() });
const outcomeSchema = z.looseObject({
  ok: z.boolean(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]).optional(),
});

export class JobStore {
  readonly #redis: RedisConnections;
  /** This process. */
  readonly instance: string;

  constructor(redis: RedisConnections, instance: string) {
    this.#redis = redis;
    this.instance = instance;
  }

  /** Brings what an older version of this program left into today's form; resolves to the number of its jobs. */
  async migrate(): Promise<number> {
    return (await this.#evaluate(SCRIPTS.migrate, [])) as number;
  }

  /** @throws DctoonError `storage_full` | `internal` when Redis does not answer */
  async submit({ job, reply, nonce, limit, limitPerUser }: StoredSubmission): Promise<SubmitResult> {
    const { id, user, platform, style, expiresAt = '' } = job;
    const [kind, priority = 0] = (await this.#evaluateFailFast(SCRIPTS.submit, [
      id,
      user,
      platform,
      style,
      JSON.stringify(job),
      JSON.stringify(reply ?? null),
      this.instance,
      nonce,
      expiresAt,
      limit,
      limitPerUser,
      TTL_SECONDS,
    ])) as [SubmitResult['kind'], number?];
    return kind === 'queued' ? { kind, priority } : { kind };
  }

  async markAdded(id: string): Promise<void> {
    await this.#redis.persistent.zrem(`${this.#redis.prefix}pending`, id);
  }

  async start(id: string): Promise<Start> {
    const [kind, job = '', attempt = 1] = (await this.#evaluate(SCRIPTS.start, [
      id,
      this.instance,
      MAX_ATTEMPTS,
    ])) as [Start['kind'], string?, number?];
    return kind === 'run' ? { kind, job: parseJob(job), attempt } : { kind };
  }

  async progress(id: string, stage: Stage): Promise<void> {
    await this.#evaluate(SCRIPTS.progress, [id, stage]);
  }

  /** False when its outcome was decided meanwhile. */
  async requeue(id: string, attempts: 0 | 1): Promise<boolean> {
    return (await this.#evaluate(SCRIPTS.requeue, [id, attempts])) === 1;
  }

  /**
   * Decides the outcome of a job; undefined when it was decided before, or there is no such job.
   * @param measured style and milliseconds of a photo that was drawn
   */
  async settle(
    id: string,
    outcome: Outcome,
    measured?: { readonly style: string; readonly ms: number },
  ): Promise<Settlement | undefined> {
    return settlement(await this.#evaluate(SCRIPTS.settle, this.#settling(id, '', outcome, measured)));
  }

  /**
   * `settle` for somebody who waits for it, and only for a job of this user if one is given.
   * @throws DctoonError `internal` when Redis does not answer
   */
  async cancel(id: string, user: string | undefined, outcome: Outcome): Promise<Settlement | undefined> {
    return settlement(await this.#evaluateFailFast(SCRIPTS.settle, this.#settling(id, user ?? '', outcome)));
  }

  /** A job that this process answers for; undefined when it does not, or the job is over. */
  async read(id: string): Promise<OwnJob | undefined> {
    const row = (await this.#evaluate(SCRIPTS.read, [id, this.instance])) as
      | [string, string, OwnJob['state'], number, number, number, string, Stage | '']
      | null;
    if (!row) return undefined;
    const [job, reply, state, since, attempt, workedMs, outcome, stage] = row;
    return {
      job: { ...parseJob(job), reply: reply === '' ? null : JSON.parse(reply), attempt },
      state,
      since,
      stage: stage || undefined,
      workedMs,
      outcome: outcome === '' ? undefined : parseOutcome(outcome),
    };
  }

  /** @throws DctoonError `internal` when Redis does not answer */
  async updateReplyTarget(id: string, reply: unknown): Promise<boolean> {
    return (
      (await this.#evaluateFailFast(SCRIPTS.updateReplyTarget, [
        id,
        JSON.stringify(reply ?? null),
        TTL_SECONDS,
      ])) === 1
    );
  }

  /** False when another process answers for the job by now. */
  async finish(id: string): Promise<boolean> {
    return (await this.#evaluate(SCRIPTS.finish, [id, this.instance, REMEMBER_SECONDS])) === 1;
  }

  /** How things stand with jobs and users. */
  async look(ids: readonly string[], users: readonly string[] = []): Promise<QueueLook> {
    return lookOf(await this.#evaluate(SCRIPTS.look, [users.length, ...users, ...ids]));
  }

  /**
   * `look` for somebody who waits for it.
   * @throws DctoonError `internal` when Redis does not answer
   */
  async lookFailFast(ids: readonly string[], users: readonly string[]): Promise<QueueLook> {
    return lookOf(await this.#evaluateFailFast(SCRIPTS.look, [users.length, ...users, ...ids]));
  }

  /** Says that this process lives, for `leaseMs` at least; resolves to those of its runs that were decided elsewhere. */
  async heartbeat(leaseMs: number, slots: number, runs: readonly string[]): Promise<string[]> {
    return (await this.#evaluate(SCRIPTS.heartbeat, [this.instance, leaseMs, slots, ...runs])) as string[];
  }

  /** Takes over the jobs of dead processes; resolves to their ids. */
  async claim(leaseMs: number, platforms: readonly Platform[]): Promise<string[]> {
    return (await this.#evaluate(SCRIPTS.claim, [this.instance, leaseMs, ...platforms])) as string[];
  }

  async deregister(): Promise<void> {
    await this.#evaluateFailFast(SCRIPTS.deregister, [this.instance]);
  }

  /**
   * Jobs that are not in the line although they wait for longer than `waitingMs`, or run for longer than `runningMs`;
   * and ids past their deadline.
   */
  async overdue(waitingMs: number, runningMs: number): Promise<{ pending: Pending[]; expired: string[] }> {
    const [pending, expired] = (await this.#evaluate(SCRIPTS.overdue, [waitingMs, runningMs])) as [
      [string, number, string, string, string][],
      string[],
    ];
    return {
      pending: pending.map(([id, priority, user, platform, style]) => ({
        id,
        priority,
        label: { user, platform, style },
      })),
      expired,
    };
  }

  #settling(
    id: string,
    user: string,
    outcome: Outcome,
    measured?: { readonly style: string; readonly ms: number },
  ): (string | number)[] {
    const code = outcome.ok ? '' : outcome.error.code;
    const { style = '', ms = -1 } = measured ?? {};
    return [id, user, JSON.stringify(storeOutcome(outcome)), code, this.instance, style, Math.round(ms)];
  }

  #evaluate(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    return evaluate(this.#redis.persistent, script, this.#redis.prefix, args);
  }

  async #evaluateFailFast(script: Script, args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await evaluate(this.#redis.failFast, script, this.#redis.prefix, args);
    } catch (error) {
      throw asDctoonError(error);
    }
  }
}

async function evaluate(
  redis: Redis,
  { sha, lua }: Script,
  prefix: string,
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, 1, prefix, ...args);
  } catch (error) {
    // Not known to this server yet, or forgotten in a restart.
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return redis.eval(lua, 1, prefix, ...args);
  }
}

function parseJob(text: string): StoredJob {
  return jobSchema.parse(JSON.parse(text)) as unknown as StoredJob;
}

function parseOutcome(text: string): StoredOutcome {
  return outcomeSchema.parse(JSON.parse(text)) as unknown as StoredOutcome;
}

function settlement(reply: unknown): Settlement | undefined {
  const [isDecided, was, moved = []] = reply as [0 | 1, Settlement['was'], (string | number)[]?];
  if (!isDecided) return undefined;
  const pairs = Array.from(
    { length: moved.length / 2 },
    (_, index) => [String(moved[2 * index]), Number(moved[2 * index + 1])] as const,
  );
  return { was, moved: pairs };
}

function lookOf(reply: unknown): QueueLook {
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
    jobs: jobs.map(([id, state, since, stage, owner, ahead]) => ({
      id,
      state: (state || undefined) as JobRow['state'],
      since,
      stage: (stage || undefined) as Stage | undefined,
      owner,
      ahead,
    })),
  };
}
