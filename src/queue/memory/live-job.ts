/** A live job inside the in-process queue: its data, its state and the handles to stop it. */
import type { FaceCount, Stage } from '../../inference/types.ts';
import { Serial } from '../../shared/serial.ts';
import type { StoredOutcome } from '../outcomes.ts';
import type { Job, JobStatus, Outcome } from '../types.ts';
import type { Journal, JournalEntry } from './journal.ts';

export class LiveJob {
  job: Job;
  state: JobStatus['state'] = 'queued';
  stage: Stage | undefined;
  faces: FaceCount | undefined;
  /** Epoch milliseconds since when the job is in its present state. */
  since: number = Date.now();
  /** Takes the job out of the queue; present only while it is queued. */
  withdraw: AbortController | undefined;
  /** Aborts the processor. Never given to p-queue, which would free the slot while the processor still runs. */
  abort: AbortController = new AbortController();
  expiry: NodeJS.Timeout | undefined;
  /** Resolves when the photo and the entry are stored. */
  accepted: Promise<void> = Promise.resolve();
  /** A recovered job's outcome, when it was known before the restart. */
  outcome: Outcome | undefined;

  /** The outcome as the journal keeps it, as soon as its image is stored. */
  rendered: StoredOutcome | undefined;
  /** Its photo takes longer than others. Not known of one that a former process took in. */
  isLarge = false;
  /** The last journal write is under way; nothing may follow it. */
  over = false;

  /** Journal writes of one job happen in order. */
  readonly #writes = new Serial();

  constructor(job: Job) {
    this.job = job;
  }

  enter(state: JobStatus['state']): void {
    this.state = state;
    this.since = Date.now();
  }

  /** Writes the present state to the journal. */
  record(journal: Journal): Promise<void> {
    const entry = this.#snapshot();
    return this.#writes.run(() => journal.record(entry));
  }

  /** Writes the end to the journal. */
  finish(journal: Journal, how: 'done' | 'failed'): Promise<void> {
    this.over = true;
    const entry = this.#snapshot();
    return this.#writes.run(() => journal.finish(entry, how));
  }

  #snapshot(): JournalEntry {
    const { job, rendered, state } = this;
    if (rendered) return { job, state: 'delivering', outcome: rendered };
    return { job, state: state === 'queued' ? 'queued' : 'processing' };
  }
}
