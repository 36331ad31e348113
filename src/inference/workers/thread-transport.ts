/** An inference worker as a thread: shares Node's own code and libraries with the service, for tiny servers. */
import { Worker as Thread } from 'node:worker_threads';
import type { FromChild, ToChild } from './protocol.ts';
import type { TransportEvents, WorkerProgram, WorkerTransport } from './types.ts';

export class ThreadTransport implements WorkerTransport {
  readonly pid = process.pid;
  readonly #thread: Thread;

  constructor({ uncompiled, options, env }: WorkerProgram, { onMessage, onEnd }: TransportEvents) {
    this.#thread = new Thread(
      new URL(uncompiled ? './worker-entry-dev.mjs' : './worker-entry.js', import.meta.url),
      {
        workerData: options,
        env,
        // Its own objects take 10 MB, photos lie outside of V8's heap: garbage need not wait longer.
        resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
        stdout: true,
        stderr: true,
      },
    );
    // Nobody reads what libraries print; unread, it would pile up.
    this.#thread.stdout.resume();
    this.#thread.stderr.resume();
    let words = '';
    this.#thread.on('error', (error) => {
      words = `: ${error instanceof Error ? error.message : String(error)}`;
    });
    this.#thread.on('exit', (code) => onEnd(`exit code ${code}${words}`));
    this.#thread.on('message', (message: FromChild) => onMessage(message));
  }

  send(message: ToChild): void {
    this.#thread.postMessage(message);
  }

  /** A network or a picture operation that runs is finished first: native code cannot be interrupted in a thread. */
  kill(): void {
    void this.#thread.terminate();
  }
}
