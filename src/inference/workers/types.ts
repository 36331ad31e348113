/** What carries an inference worker, as its two kinds promise it. */
import type { PipelineOptions } from '../pipeline.ts';
import type { FromChild, ToChild } from './protocol.ts';

export interface WorkerTransport {
  /** The process that does the work; undefined where none could be started. */
  readonly pid: number | undefined;
  /** Does nothing where the worker is gone. */
  send(message: ToChild): void;
  /** Ends the worker at once, whatever it does. */
  kill(): void;
}

export interface TransportEvents {
  readonly onMessage: (message: FromChild) => void;
  /** Once, when the worker is gone; `how` in a few words, e.g. `signal SIGKILL`. */
  readonly onEnd: (how: string) => void;
}

/** What a worker runs. */
export interface WorkerProgram {
  /** True under tsx and vitest, where the code is TypeScript. */
  readonly uncompiled: boolean;
  readonly options: PipelineOptions;
  readonly env: Readonly<Record<string, string>>;
}
