/** The parent's side of one inference child: starts it, gives it photos, notices its death. No policy here. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DctoonError } from '../errors.ts';
import type { Order, PipelineOptions } from './pipeline.ts';
import type { FromChild, PlainError, ToChild } from './protocol.ts';
import type { Cartoon, Stage } from './types.ts';

/** A child that has not loaded its networks after this long never will. */
const START_TIMEOUT_MS = 30_000;

/**
 * Megabytes of V8's young generation, a third of what it grows to by itself. Photos lie outside of it, so collecting more
 * often costs nothing here. (`npm start` and the Dockerfile give the main process the same.)
 */
const YOUNG_GENERATION = '--max-semi-space-size=2';

/** All that a child needs from the environment. Tokens stay out of the process that decodes strangers' files. */
const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'LD_LIBRARY_PATH',
  'SystemRoot',
  'NODE_ENV',
];

interface Running {
  readonly id: number;
  readonly onStage: (stage: Stage) => void;
  readonly resolve: (cartoon: Cartoon) => void;
  readonly reject: (error: Error) => void;
}

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
  readonly #child: ChildProcess;
  #rss = 0;
  #running: Running | undefined;
  #ended: string | undefined;
  #nextId = 1;
  #stderr = '';

  constructor(options: PipelineOptions) {
    // Compiled, the child is child.js; under tsx and vitest both are TypeScript.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const loader =
      extension === 'ts'
        ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
        : ['--enable-source-maps'];
    this.#child = fork(
      fileURLToPath(new URL(`./child.${extension}`, import.meta.url)),
      [JSON.stringify(options)],
      {
        serialization: 'advanced',
        execArgv: [...loader, YOUNG_GENERATION],
        env: childEnvironment(),
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    );
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // The last words are what explains a crash.
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    // Spawning or sending failed; `close` follows or the child is gone already, and both are handled there.
    this.#child.on('error', (error) => {
      this.#stderr += error.message;
    });
    this.exited = new Promise((resolve) => {
      const end = (how: string) => {
        this.#ended = how;
        this.#running?.reject(new WorkerDiedError(how));
        this.#running = undefined;
        resolve(how);
      };
      this.#child.on('close', (code, signal) => end(this.#epitaph(code, signal)));
      this.#child.on('error', (error) => {
        if (this.#child.pid === undefined) end(error.message);
      });
    });
    this.ready = this.#start();
    this.#child.on('message', (message: FromChild) => this.#receive(message));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resident memory in bytes, as the child last said. */
  get rss(): number {
    return this.#rss;
  }

  /**
   * Gives the child a photo; one at a time.
   * @throws DctoonError of the pipeline; WorkerDiedError where the child ended instead
   */
  run(order: Order, onStage: (stage: Stage) => void): Promise<Cartoon> {
    if (this.#ended !== undefined) return Promise.reject(new WorkerDiedError(this.#ended));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#running = { id, onStage, resolve, reject };
      this.#send({ type: 'run', id, order });
    });
  }

  /** Asks the child to stop at its next checkpoint; `run` then rejects with `cancelled`. */
  cancel(): void {
    if (this.#running) this.#send({ type: 'cancel', id: this.#running.id });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Lets the child finish and exit; kills it after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#send({ type: 'close' });
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
      const onMessage = (message: FromChild) => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'unfit') reject(new Error(message.message));
        else return;
        clearTimeout(timer);
        this.#child.off('message', onMessage);
      };
      this.#child.on('message', onMessage);
      void this.exited.then((how) => {
        clearTimeout(timer);
        reject(new Error(`it ended at once (${how})`));
      });
    });
  }

  #receive(message: FromChild): void {
    if ('rss' in message) this.#rss = message.rss;
    if (!('id' in message) || message.id !== this.#running?.id) return;
    const { onStage, resolve, reject } = this.#running;
    if (message.type === 'stage') {
      onStage(message.stage);
      return;
    }
    this.#running = undefined;
    this.answered++;
    if (message.type === 'done') resolve(message.cartoon);
    else reject(revived(message.error));
  }

  #send(message: ToChild): void {
    // A child that is just dying has no channel; `exited` tells whoever waits.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #epitaph(code: number | null, signal: NodeJS.Signals | null): string {
    const words = this.#stderr.trim().split('\n').at(-1);
    return `${signal ? `signal ${signal}` : `exit code ${code}`}${words ? `: ${words}` : ''}`;
  }
}

function revived({ code, message, details, stack }: PlainError): DctoonError {
  const error = new DctoonError(code, message, { details });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function childEnvironment(): NodeJS.ProcessEnv {
  const kept = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // glibc gives every thread its own heap, which never shrinks; two are enough for libvips here, and leave less behind.
  // Without a fixed threshold it also learns to keep the memory of pictures for the next ones: 30 MB.
  return { ...Object.fromEntries(kept), MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '1048576' };
}
