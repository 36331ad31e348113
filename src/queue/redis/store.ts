/** The scripts as typed calls. */
import type { Redis } from 'ioredis';
import { DctoonError } from '../../shared/errors.ts';
import { asDctoonError, type RedisConnections, TTL_SECONDS } from '../../storage/redis-connections.ts';
import { MAX_ATTEMPTS } from '../attempts.ts';
import { failure, storeOutcome } from '../outcomes.ts';
import type { Outcome, Platform } from '../types.ts';
import {
  type OwnJob,
  type OwnJobReply,
  type Pending,
  parseJob,
  parseOwnJob,
  type QueueState,
  queueStateOf,
  type Settlement,
  type Start,
  type StoredSubmission,
  type SubmitResult,
  settlementOf,
} from './records.ts';
import { SCRIPTS, type Script } from './scripts.ts';
import { type Step, wordOf } from './step.ts';

/** A platform repeats an update after an outage of hours; a million photos a day then are 250,000 keys of 100 bytes. */
const REMEMBER_SECONDS = 6 * 3600;

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
    if (kind !== 'run') return { kind };
    const parsed = parseJob(id, job);
    return parsed ? { kind, job: parsed, attempt } : { kind: 'damaged' };
  }

  async progress(id: string, step: Step): Promise<void> {
    await this.#evaluate(SCRIPTS.progress, [id, wordOf(step)]);
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
    return settlementOf(await this.#evaluate(SCRIPTS.settle, this.#settling(id, '', outcome, measured)));
  }

  /**
   * `settle` for somebody who waits for it, and only for a job of this user if one is given.
   * @throws DctoonError `internal` when Redis does not answer
   */
  async cancel(id: string, user: string | undefined, outcome: Outcome): Promise<Settlement | undefined> {
    return settlementOf(
      await this.#evaluateFailFast(SCRIPTS.settle, this.#settling(id, user ?? '', outcome)),
    );
  }

  /**
   * Ids of a user's jobs without an outcome, of all processes.
   * @throws DctoonError `internal` when Redis does not answer
   */
  async undecided(user: string): Promise<string[]> {
    return (await this.#evaluateFailFast(SCRIPTS.undecided, [user])) as string[];
  }

  /**
   * A job that this process answers for; undefined when it does not, or the job is over. `damaged` when nobody can
   * answer: it is nothing that this program wrote.
   */
  async read(id: string): Promise<OwnJob | 'damaged' | undefined> {
    const row = (await this.#evaluate(SCRIPTS.read, [id, this.instance])) as OwnJobReply | null;
    return row ? (parseOwnJob(id, row) ?? 'damaged') : undefined;
  }

  /** Ends a job of this process that nobody can answer, wherever it stands. */
  async discard(id: string): Promise<void> {
    await this.settle(id, failure(new DctoonError('internal', 'damaged in Redis')));
    await this.finish(id);
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

  /** The state of the queue, of these jobs and of these users. */
  async state(ids: readonly string[], users: readonly string[] = []): Promise<QueueState> {
    return queueStateOf(await this.#evaluate(SCRIPTS.state, [users.length, ...users, ...ids]));
  }

  /**
   * `state` for somebody who waits for it.
   * @throws DctoonError `internal` when Redis does not answer
   */
  async stateFailFast(ids: readonly string[], users: readonly string[]): Promise<QueueState> {
    return queueStateOf(await this.#evaluateFailFast(SCRIPTS.state, [users.length, ...users, ...ids]));
  }

  /** Says that this process lives, for `leaseMs` at least; resolves to those of its runs that were decided elsewhere. */
  async heartbeat(leaseMs: number, slots: number, runs: readonly string[]): Promise<string[]> {
    return (await this.#evaluate(SCRIPTS.heartbeat, [this.instance, leaseMs, slots, ...runs])) as string[];
  }

  /** Takes over the jobs of dead processes: of these platforms, or undelivered for `giveUpMs`. Resolves to their ids. */
  async claim(leaseMs: number, giveUpMs: number, platforms: readonly Platform[]): Promise<string[]> {
    const args = [this.instance, leaseMs, giveUpMs, ...platforms];
    return (await this.#evaluate(SCRIPTS.claim, args)) as string[];
  }

  async deregister(): Promise<void> {
    await this.#evaluateFailFast(SCRIPTS.deregister, [this.instance]);
  }

  /**
   * Jobs that BullMQ does not know although they are queued for longer than `queuedMs`, or in work for longer than
   * `processingMs`;
   * and ids past their deadline.
   */
  async overdue(queuedMs: number, processingMs: number): Promise<{ pending: Pending[]; expired: string[] }> {
    const [pending, expired] = (await this.#evaluate(SCRIPTS.overdue, [queuedMs, processingMs])) as [
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
