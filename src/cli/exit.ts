/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  /** The photo could not be drawn, or a file could not be read or written. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** dctoon itself is not in order: models, installation, a defect. */
  broken: 3,
  /** Ctrl-C, as shells have it: 128 + SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface CommandResult {
  readonly exitCode: ExitCode;
  /** What is left to say to the person at the terminal. */
  readonly message: string;
}
