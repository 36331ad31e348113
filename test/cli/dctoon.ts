/** The command as a person runs it: another process, files, exit codes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TSX = fileURLToPath(new URL('../../node_modules/tsx/dist/esm/index.mjs', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output as it came. */
  readonly bytes: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  /** Default: the repository. */
  readonly cwd?: string;
  /** Added to `PATH`, which is all that the command gets of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Given to it on standard input. */
  readonly input?: Uint8Array;
  readonly onStart?: (child: ChildProcess) => void;
}

export function dctoon(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const { cwd = ROOT, env = {}, input, onStart } = options;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', TSX, CLI, ...args], {
      cwd,
      env: { PATH: process.env['PATH'], ...env },
    });
    const chunks: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (data) => chunks.push(data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('close', (code) => {
      const bytes = Buffer.concat(chunks);
      resolve({ code, stdout: bytes.toString('utf8'), bytes, stderr });
    });
    // It may have heard enough before the end.
    child.stdin.on('error', () => {});
    if (input) child.stdin.end(input);
    onStart?.(child);
  });
}
