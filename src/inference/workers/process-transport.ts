/** An inference worker as a child process: nothing it does can hurt the service. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { FromChild, ToChild } from './protocol.ts';
import type { TransportEvents, WorkerProgram, WorkerTransport } from './types.ts';

/**
 * Megabytes of V8's young generation, a third of what it grows to by itself. Photos lie outside of it, so collecting more
 * often costs nothing here. (`npm start` and the Dockerfile give the main process the same.)
 */
export const YOUNG_GENERATION = '--max-semi-space-size=2';

/**
 * glibc gives every thread its own heap, which never shrinks; two are enough for libvips here, and leave less behind.
 * Without a fixed threshold it also learns to keep the memory of pictures for the next ones: 30 MB.
 */
export const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '1048576' };

export class ProcessTransport implements WorkerTransport {
  readonly #child: ChildProcess;
  #stderr = '';

  constructor({ uncompiled, options, env }: WorkerProgram, { onMessage, onEnd }: TransportEvents) {
    const file = new URL(uncompiled ? './worker-entry.ts' : './worker-entry.js', import.meta.url);
    this.#child = fork(fileURLToPath(file), [JSON.stringify(options)], {
      serialization: 'advanced',
      execArgv: [...(uncompiled ? ['--import', tsx()] : ['--enable-source-maps']), YOUNG_GENERATION],
      env: { ...env, ...ALLOCATOR },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // The last words are what explains a crash.
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    // Spawning or sending failed; `close` follows or the child is gone already, and both are handled here.
    this.#child.on('error', (error) => {
      this.#stderr += error.message;
      if (this.#child.pid === undefined) onEnd(error.message);
    });
    this.#child.on('close', (code, signal) => onEnd(this.#exitReason(code, signal)));
    this.#child.on('message', (message: FromChild) => onMessage(message));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: ToChild): void {
    // A child that is just dying has no channel.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #exitReason(code: number | null, signal: NodeJS.Signals | null): string {
    const words = this.#stderr.trim().split('\n').at(-1);
    return `${signal ? `signal ${signal}` : `exit code ${code}`}${words ? `: ${words}` : ''}`;
  }
}

function tsx(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
