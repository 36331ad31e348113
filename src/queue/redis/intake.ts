/** How photos come into the queue of many processes: repetitions found, limits of the whole service checked, queued. */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../observability/logger.ts';
import { checkJobId } from '../../shared/job-id.ts';
import { type BlobStore, type Bytes, photoKey } from '../../storage/blobs/types.ts';
import { asDctoonError } from '../../storage/redis-connections.ts';
import { type Applicant, admit, type Limits, refusal, tellingRefusals } from '../admission.ts';
import type { Events } from '../events.ts';
import { plain } from '../outcomes.ts';
import type { JobRequest, JobStatus, Submission } from '../types.ts';
import type { BullQueue } from './bull-queue.ts';
import type { JobOwner } from './job-owner.ts';
import type { JobRow } from './records.ts';
import type { QueueSnapshot } from './snapshot.ts';
import { NO_STEP } from './step.ts';
import type { JobStore } from './store.ts';

export interface IntakeOptions {
  readonly limits: Limits;
  readonly store: JobStore;
  readonly bullQueue: BullQueue;
  readonly owner: JobOwner;
  readonly snapshot: QueueSnapshot;
  readonly blobs: BlobStore;
  readonly events: Events;
  readonly log: Logger;
  /** Of a job that this process owns. */
  readonly status: (id: string) => JobStatus | undefined;
}

export class Intake {
  readonly #options: IntakeOptions;
  /** The last acceptance under way, by user. */
  readonly #last = new Map<string, Promise<void>>();
  #isClosing = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** As `Queue.check`. */
  check(job: Applicant): Promise<Submission | undefined> {
    return tellingRefusals(this.#options.events, job, () => this.#check(job));
  }

  /** As `Queue.known`. */
  async known(id: string): Promise<Submission | undefined> {
    const [row] = (await this.#options.store.stateFailFast([id], [])).jobs;
    return row && this.#submissionOf(row);
  }

  /** As `Queue.submit`. */
  submit(request: JobRequest, photo: Bytes): Promise<Submission> {
    const { events, snapshot, status } = this.#options;
    return tellingRefusals(events, request, async () => {
      const { id, user } = request;
      // Photos sent together are queued in the order in which they came, whichever is stored first.
      const earlier = this.#last.get(user);
      const accepted = this.#accept(plain(request), photo, earlier);
      const settled = accepted.then(
        () => {},
        () => {},
      );
      this.#last.set(user, settled);
      try {
        const known = await accepted;
        if (known) return known;
      } finally {
        if (this.#last.get(user) === settled) this.#last.delete(user);
      }
      await snapshot.refreshOnly([id], [user]);
      return { id, duplicate: false, ...(status(id) ?? { state: 'delivering', ahead: 0, etaMs: 0 }) };
    });
  }

  /** Takes nothing more in. */
  close(): void {
    this.#isClosing = true;
  }

  async #accept(
    request: JobRequest,
    photo: Bytes,
    earlier: Promise<void> | undefined,
  ): Promise<Submission | undefined> {
    const { store, bullQueue, owner, blobs, log } = this.#options;
    const { limit, limitPerUser } = this.#options.limits;
    const known = await this.#check(request);
    if (known) return known;
    const { reply, ...rest } = request;
    const { id, user, platform, style } = request;
    const job = { ...rest, createdAt: Date.now() };
    try {
      await blobs.put(photoKey(id), photo);
    } catch (error) {
      throw asDctoonError(error);
    }
    await earlier;
    const submission = await store.submit({ job, reply, nonce: randomUUID(), limit, limitPerUser });
    if (submission.kind === 'known') return this.#check(request);
    if (submission.kind !== 'queued') {
      await blobs.delete(photoKey(id)).catch(() => {});
      await this.#check(request);
      // It was full a moment ago.
      throw refusal(submission.kind, 1000, submission.kind === 'queue_full' ? limit : limitPerUser);
    }
    // From here on the photo is safe. What follows is done by another process if this one dies.
    owner.hold(
      { ...job, reply, attempt: 1 },
      { state: 'queued', since: Date.now(), step: NO_STEP, ahead: 0 },
    );
    await bullQueue.add(id, submission.priority, { user, platform, style });
    store.markAdded(id).catch((error: unknown) => log.debug({ job: id, err: error }, 'will be added again'));
    return undefined;
  }

  /** The submission of a job that is known; else throws what stands against taking it now. */
  async #check(job: Applicant): Promise<Submission | undefined> {
    const { limits, store, snapshot } = this.#options;
    const { id, user } = job;
    checkJobId(id);
    const state = await store.stateFailFast([id], [user]);
    snapshot.update(state, [user]);
    const [row] = state.jobs;
    const known = row && this.#submissionOf(row);
    if (known) return known;
    const { queued = 0, processing = 0 } = state.users[0] ?? {};
    const counts = snapshot.counts;
    const etaMs = snapshot.next(user);
    admit(job, limits, {
      isClosing: this.#isClosing,
      live: counts.queued + counts.processing + counts.delivering,
      ofUser: queued + processing,
      soonestMs: () => (processing > 0 ? snapshot.expect() : etaMs),
      etaMs,
    });
    return undefined;
  }

  #submissionOf(row: JobRow): Submission | undefined {
    const { snapshot } = this.#options;
    return row.state ? { id: row.id, duplicate: true, ...snapshot.status(row, '') } : undefined;
  }
}
