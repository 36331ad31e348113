/** How photos come into the in-process queue: repetitions found, limits checked, photo and entry stored, then queued. */
import { DctoonError } from '../../shared/errors.ts';
import { checkJobId } from '../../shared/job-id.ts';
import { type BlobStore, type Bytes, photoKey, sizeOf } from '../../storage/blobs/types.ts';
import { type Applicant, admit, type Limits, tellingRefusals } from '../admission.ts';
import type { Events } from '../events.ts';
import { plain } from '../outcomes.ts';
import type { JobRequest, Submission } from '../types.ts';
import type { Estimates } from './estimates.ts';
import type { Journal } from './journal.ts';
import { LiveJob } from './live-job.ts';
import type { LiveJobs } from './live-jobs.ts';

export interface IntakeOptions {
  readonly limits: Limits;
  readonly jobs: LiveJobs;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  readonly estimates: Estimates;
  readonly events: Events;
  /** A job is stored, and its turn in the order of arrival has come. */
  readonly enter: (live: LiveJob) => void;
}

/** More than photos of phones have. */
const LARGE_BYTES = 8e6;

export class Intake {
  readonly #options: IntakeOptions;
  /** Resolves when everything submitted so far is queued, or refused. */
  #settled: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** As `Queue.check`. */
  check(job: Applicant): Promise<Submission | undefined> {
    return tellingRefusals(this.#options.events, job, async () => {
      const known = this.#known(job.id);
      if (!known) this.#admitOrThrow(job);
      return known;
    });
  }

  /** As `Queue.submit`. */
  submit(request: JobRequest, photo: Bytes): Promise<Submission> {
    const { events, jobs, estimates } = this.#options;
    return tellingRefusals(events, request, async () => {
      // No await between the checks and `jobs.add`, or two submissions could both pass.
      const known = this.#known(request.id);
      if (known) return known;
      this.#admitOrThrow(request);
      const live = new LiveJob({ ...plain(request), createdAt: Date.now(), attempt: 1 });
      live.isLarge = sizeOf(photo) > LARGE_BYTES;
      jobs.add(live);
      live.accepted = this.#accept(live, photo, this.#settled);
      // Photos sent together are queued in the order in which they came, whichever is stored first.
      this.#settled = live.accepted.catch(() => {});
      await live.accepted;
      return { id: request.id, duplicate: false, ...estimates.status(live) };
    });
  }

  /** As `Queue.known`. */
  async known(id: string): Promise<Submission | undefined> {
    return this.#known(id);
  }

  /** Takes nothing more in. */
  close(): void {
    this.#isClosing = true;
  }

  /** The submission of a job that lives or was finished lately. */
  #known(id: string): Promise<Submission> | undefined {
    const { jobs, estimates } = this.#options;
    const live = jobs.get(id);
    if (live) {
      // A repetition shares the fate of the first: it is not told "accepted" before that is true.
      return live.accepted.then(() => ({ id, duplicate: true, ...estimates.status(live) }));
    }
    if (!jobs.isFinished(id)) return undefined;
    return Promise.resolve({ id, duplicate: true, state: 'delivering', ahead: 0, etaMs: 0 });
  }

  /** Throws what stands against taking this job now. */
  #admitOrThrow(job: Applicant): void {
    const { limits, jobs, estimates } = this.#options;
    checkJobId(job.id);
    const { queued, processing } = jobs.counts(job.user);
    admit(job, limits, {
      isClosing: this.#isClosing,
      live: jobs.size,
      ofUser: queued + processing,
      soonestMs: () => estimates.soonest(job.user),
      etaMs: estimates.next(job.user),
    });
  }

  async #accept(live: LiveJob, photo: Bytes, earlier: Promise<void>): Promise<void> {
    const { jobs, blobs, journal, enter } = this.#options;
    const { id } = live.job;
    try {
      await blobs.put(photoKey(id), photo);
      await live.record(journal);
    } catch (error) {
      jobs.drop(id);
      await blobs.delete(photoKey(id)).catch(() => {});
      throw DctoonError.from(error);
    }
    await earlier;
    enter(live);
  }
}
