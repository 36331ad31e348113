/** What a backend of the queue only passes on. */
import type { Bytes } from '../storage/blobs/types.ts';
import type { Applicant } from './admission.ts';
import type { Events } from './events.ts';
import type { JobRequest, Queue, QueueEvents, Submission } from './types.ts';

/** How photos come into the queue, see there. */
export type QueueIntake = Pick<Queue, 'check' | 'known' | 'submit'>;

export abstract class QueueFacade {
  protected abstract readonly events: Events;
  protected abstract readonly intake: QueueIntake;
  #closed: Promise<void> | undefined;

  check(job: Applicant): Promise<Submission | undefined> {
    return this.intake.check(job);
  }

  known(id: string): Promise<Submission | undefined> {
    return this.intake.known(id);
  }

  submit(request: JobRequest, photo: Bytes): Promise<Submission> {
    return this.intake.submit(request, photo);
  }

  on<E extends keyof QueueEvents>(event: E, listener: (payload: QueueEvents[E]) => void): () => void {
    return this.events.on(event, listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.closeOnce();
    return this.#closed;
  }

  protected get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  protected abstract closeOnce(): Promise<void>;
}
