/** Child processes of the benchmarks: started again when they die, as a supervisor would, and killed by their id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it says when it is ready. */
  readonly ready: RegExp;
}

export class SupervisedProcess {
  readonly #options: ProcessOptions;
  #process: ChildProcess | undefined;
  #output = '';
  kills = 0;

  private constructor(options: ProcessOptions) {
    this.#options = options;
  }

  static async start(options: ProcessOptions): Promise<SupervisedProcess> {
    const supervised = new SupervisedProcess(options);
    await supervised.#start();
    return supervised;
  }

  /** Everything it said so far. */
  get output(): string {
    return this.#output;
  }

  /** SIGKILL, and a new process. Resolves when that one is ready. */
  async killAndRestart(): Promise<void> {
    this.kills += 1;
    await this.stop('SIGKILL');
    await this.#start();
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async #start(): Promise<void> {
    const { args, env = {}, ready } = this.#options;
    const child = spawn(process.execPath, [...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    // A benchmark that breaks must not leave it behind.
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    const from = this.#output.length;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    while (!ready.test(this.#output.slice(from))) {
      if (child.exitCode !== null) throw new Error(`it ended: ${this.#output.slice(from)}`);
      await sleep(20);
    }
  }
}
