/** Starts what carries an inference worker: a process of its own, or a thread of this one. */
import type { PipelineOptions } from '../pipeline.ts';
import { ProcessTransport } from './process-transport.ts';
import { ThreadTransport } from './thread-transport.ts';
import type { TransportEvents, WorkerProgram, WorkerTransport } from './types.ts';

/** All that a worker needs from the environment. Tokens stay out of what decodes strangers' files. */
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

/**
 * @param isolated a process of its own: costs some 70 MB, and survives whatever a photo does to native code. A thread
 *   takes the service along when it crashes; the journal then counts the attempt and goes on after the restart.
 */
export function startTransport(
  options: PipelineOptions,
  isolated: boolean,
  events: TransportEvents,
): WorkerTransport {
  const program: WorkerProgram = {
    uncompiled: import.meta.url.endsWith('.ts'),
    options,
    env: Object.fromEntries(
      INHERITED.flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value] as const];
      }),
    ),
  };
  return isolated ? new ProcessTransport(program, events) : new ThreadTransport(program, events);
}
