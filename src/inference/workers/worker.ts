/** The parent's side of one inference child: starts it, gives it photos, notices its death. No policy here. */
import { DctoonError } from '../../shared/errors.ts';
import type { CartoonizeRequest, PipelineOptions } from '../pipeline.ts';
import type { Cartoon, OnProgress } from '../types.ts';
import type { FromChild, PlainError } from './protocol.ts';
import { startTransport } from './transport.ts';
import type { WorkerTransport } from './types.ts';

/** A child that has not loaded its networks after this long never will. */
const START_TIMEOUT_MS = 30_000;

interface Running {
  readonly id: number;
  readonly onStage: OnProgress;
  readonly resolve: (cartoon: Cartoon) => void;
  readonly reject: (error: Error) => void;
}

type Answer = Extract<FromChild, { id: number }>;

/** The child ended while it had a photo. */
export class WorkerDiedError extends Error {
  override readonly name = 'WorkerDiedError';
}

export class Worker {
  /** Resolves when the child can take photos. Rejects, in plain words, when it never will. */
  readonly ready: Promise<void>;
  /** Resolves with how the child ended, e.g. `signal SIGKILL`; never rejects. */
  readonly exited: Promise<string>;
  /** Photos answered so far, with a cartoon or an error. */
  answered = 0;
  readonly #transport: WorkerTransport;
  #rss = 0;
  #running: Running | undefined;
  #ended: string | undefined;
  #nextId = 1;
  /** The first call decides: with a reason, the child is unfit. */
  #onStarted: (reason: string | undefined) => void = () => {};

  /** @param isolated a process of its own, or a thread of this one (`transport.ts`) */
  constructor(options: PipelineOptions, isolated: boolean) {
    let exited: (how: string) => void = () => {};
    this.exited = new Promise((resolve) => {
      exited = resolve;
    });
    this.#transport = startTransport(options, isolated, {
      onMessage: (message) => this.#receive(message),
      onEnd: (how) => {
        this.#ended = how;
        this.#running?.reject(new WorkerDiedError(how));
        this.#running = undefined;
        exited(how);
      },
    });
    this.ready = this.#start();
  }

  get pid(): number | undefined {
    return this.#transport.pid;
  }

  /** Resident memory in bytes, as the child last said; 0 for a thread, whose memory is the service's own. */
  get rss(): number {
    return this.#rss;
  }

  /**
   * Gives the child a photo; one at a time.
   * @throws DctoonError of the pipeline; WorkerDiedError where the child ended instead
   */
  run(request: CartoonizeRequest, onStage: OnProgress): Promise<Cartoon> {
    if (this.#ended !== undefined) return Promise.reject(new WorkerDiedError(this.#ended));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#running = { id, onStage, resolve, reject };
      this.#transport.send({ type: 'run', id, request });
    });
  }

  /** Asks the child to stop at its next checkpoint; `run` then rejects with `cancelled`. */
  cancel(): void {
    if (this.#running) this.#transport.send({ type: 'cancel', id: this.#running.id });
  }

  kill(): void {
    this.#transport.kill();
  }

  /** Lets the child finish and exit; kills it after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#transport.send({ type: 'close' });
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`it did not get ready within ${START_TIMEOUT_MS / 1000} s`));
        this.kill();
      }, START_TIMEOUT_MS);
      this.#onStarted = (reason) => {
        clearTimeout(timer);
        if (reason === undefined) resolve();
        else reject(new Error(reason));
      };
      void this.exited.then((how) => this.#onStarted(`it ended at once (${how})`));
    });
  }

  #receive(message: FromChild): void {
    if ('rss' in message) this.#rss = message.rss;
    if (message.type === 'ready') this.#onStarted(undefined);
    else if (message.type === 'unfit') this.#onStarted(message.message);
    else if (message.id === this.#running?.id) this.#answer(this.#running, message);
  }

  #answer({ onStage, resolve, reject }: Running, message: Answer): void {
    if (message.type === 'stage') {
      onStage(message.stage, message.faces);
      return;
    }
    this.#running = undefined;
    this.answered++;
    if (message.type === 'done') resolve(message.cartoon);
    else reject(revived(message.error));
  }
}

function revived({ code, message, details, stack }: PlainError): DctoonError {
  const error = new DctoonError(code, message, { details });
  if (stack !== undefined) error.stack = stack;
  return error;
}
