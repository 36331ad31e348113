/**
 * The order of queued jobs and the locks of those in work: BullMQ. A BullMQ job is only the right to work on a job;
 * what the job is and how it stands is in `scripts.ts`. So nothing secret lies in BullMQ's data, and whatever BullMQ
 * does twice (a worker that lost its lock goes on) is recognised there.
 *
 * To know about BullMQ: it takes no ids with ":" or of digits alone; a job without a priority outranks all others;
 * finished jobs are kept for ever unless told otherwise.
 */
import type { Job as BullJob, Queue as JobQueue, Worker as JobWorker } from 'bullmq';
import type { Logger } from '../../observability/logger.ts';
import type { RedisConnections } from '../../storage/redis-connections.ts';
import type { JobLabel } from './records.ts';

/** The name under which dashboards find it. */
const QUEUE_NAME = 'photos';
/** How often a job may change hands is counted by ourselves; BullMQ must never give one up. */
const UNLIMITED = 1_000_000;
/** Seconds an idle worker waits for a signal before it asks by itself. */
const IDLE_SECONDS = 2;

/** A job that a worker has taken. */
export interface Held {
  readonly id: string;
  /** Puts it back into the queue. The work must end with the error this returns. */
  putBack(): Promise<Error>;
}

export interface BullQueueOptions {
  readonly redis: RedisConnections;
  /** Milliseconds after which a worker that gave no sign of life is taken for dead. */
  readonly leaseMs: number;
  readonly log: Logger;
}

export class BullQueue {
  readonly #options: BullQueueOptions;
  readonly #bullmq: typeof import('bullmq');
  readonly #queue: JobQueue<JobLabel>;
  #worker: JobWorker<JobLabel> | undefined;

  private constructor(options: BullQueueOptions, bullmq: typeof import('bullmq')) {
    this.#options = options;
    this.#bullmq = bullmq;
    this.#queue = new bullmq.Queue(QUEUE_NAME, {
      ...this.#connection(),
      // Nobody reads its event stream; dashboards look at the jobs.
      streams: { events: { maxLen: 100 } },
      defaultJobOptions: {
        attempts: UNLIMITED,
        removeOnComplete: true,
        removeOnFail: true,
        stackTraceLimit: 1,
      },
    });
    this.#queue.on('error', (error) => this.#complain(error));
  }

  static async open(options: BullQueueOptions): Promise<BullQueue> {
    const queue = new BullQueue(options, await import('bullmq'));
    await queue.#queue.waitUntilReady();
    return queue;
  }

  /** Adds a job; one that is there already stays where it is. */
  async add(id: string, priority: number, label: JobLabel): Promise<void> {
    await this.#queue.add(label.style, label, { jobId: id, priority });
  }

  /** Takes a queued job out. */
  async remove(id: string): Promise<void> {
    await this.#queue.remove(id);
  }

  /** Gives queued jobs another priority; one that was taken or taken out meanwhile needs none. */
  async reprioritize(jobs: readonly (readonly [id: string, priority: number])[]): Promise<void> {
    await Promise.all(
      jobs.map(async ([id, priority]) => {
        const job = await this.#queue.getJob(id);
        await job?.changePriority({ priority }).catch((error: unknown) => {
          if (!isGone(error)) throw error;
        });
      }),
    );
  }

  /** Starts taking jobs. A job that `process` rejects goes back into the queue. */
  work(concurrency: number, process: (held: Held) => Promise<void>): void {
    const { leaseMs } = this.#options;
    const { Worker, WaitingError } = this.#bullmq;
    const held = (job: BullJob, token?: string): Held => ({
      id: job.id ?? '',
      async putBack() {
        await job.moveToWait(token);
        return new WaitingError();
      },
    });
    this.#worker = new Worker<JobLabel>(QUEUE_NAME, (job, token) => process(held(job, token)), {
      ...this.#connection(),
      concurrency,
      lockDuration: leaseMs,
      stalledInterval: Math.ceil(leaseMs / 3),
      maxStalledCount: UNLIMITED,
      drainDelay: IDLE_SECONDS,
      runRetryDelay: 1000,
    });
    this.#worker.on('error', (error) => this.#complain(error));
    this.#worker.on('stalled', (id) =>
      this.#options.log.warn({ job: id }, 'its worker died; it is processed again'),
    );
  }

  /** Takes nothing more. A job that was being handed over at this moment still comes. */
  async stop(): Promise<void> {
    const doNotWait = true;
    await this.#worker?.pause(doNotWait);
  }

  /** @param isHanging whether to leave jobs in work to the stalled check of other workers */
  async close(isHanging: boolean): Promise<void> {
    await this.#worker?.close(isHanging);
    await this.#queue.close();
  }

  #connection() {
    const { persistent, prefix } = this.#options.redis;
    // BullMQ adds the colon itself.
    return { connection: persistent, prefix: prefix.replace(/:$/, '') };
  }

  #complain(error: Error): void {
    // Lost connections are logged where they are opened.
    if ('code' in error && error.code === 'ECONNREFUSED') return;
    this.#options.log.warn({ reason: error.message }, 'BullMQ');
  }
}

/** BullMQ's `ErrorCode.JobNotExist`, written out: BullMQ itself is loaded only where it is used. */
const JOB_NOT_EXIST = -1;

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === JOB_NOT_EXIST;
}
