/** The service as users start it: the built program in a process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ALLOCATOR, YOUNG_GENERATION } from '../../src/inference/workers/process-transport.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What `npm start` does before it starts. */
export async function build(): Promise<void> {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: ROOT });
}

/** Resident megabytes of a process, from the kernel. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1000;
}

/** Processor seconds a process has used so far, from the kernel. */
export async function processorSeconds(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15 of proc(5), in ticks of 10 ms; the command in field 2 may contain spaces.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export class ServiceProcess {
  readonly #process: ChildProcess;
  readonly #folder: string;
  /** Standard output and error. */
  output = '';

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** Starts with nothing but these variables, and an empty `DATA_DIR` unless one is given; `bot` or `worker` for one role. */
  static async start(
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<ServiceProcess> {
    return ServiceProcess.startWith([], env, ...args);
  }

  /** `start` by way of another program, e.g. `['unshare', '--pid', '--fork']`. */
  static async startWith(
    before: readonly string[],
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<ServiceProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-service-'));
    const flags = ['--enable-source-maps', YOUNG_GENERATION, '--optimize-for-size'];
    const service = [process.execPath, ...flags, join(ROOT, 'dist/main.js'), ...args];
    const [command = '', ...rest] = [...before, ...service];
    const child = spawn(command, rest, {
      // Away from a developer's own .env.
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        MODELS_DIR: join(ROOT, 'models'),
        DATA_DIR: join(folder, 'data'),
        WEB_PORT: '0',
        // As in the Dockerfile and the unit file.
        ...ALLOCATOR,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServiceProcess(child, folder);
  }

  get dataDir(): string {
    return join(this.#folder, 'data');
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Waits until the output matches; fails when the process ends before. */
  async says(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(20)) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (this.#process.exitCode !== null) break;
    }
    throw new Error(`the service never said ${pattern}; it said:\n${this.output}`);
  }

  /** Address of the page. */
  async url(): Promise<string> {
    return (await this.says(/(http:\/\/localhost:\d+)/))[1] ?? '';
  }

  async exitCode(): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
    return this.#process.exitCode;
  }

  /** SIGTERM, then the exit code. */
  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    return await this.exitCode();
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** SIGKILL, as the kernel does it when memory is short. The data folder stays, if it is not the process's own. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exitCode();
  }

  /** The reader of the log goes away, as a log shipper that restarts. */
  closeOutput(): void {
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
  }

  /** Process ids of the inference children that live now. */
  async children(): Promise<number[]> {
    const { pid } = this;
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    return text.split(' ').filter(Boolean).map(Number);
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
