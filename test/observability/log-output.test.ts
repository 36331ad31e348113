import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLogOutput } from '../../src/observability/log-output.ts';

/** A stream that behaves as its `mode` says, and remembers what arrived. */
class Output extends Writable {
  mode: 'works' | 'fails' | 'stuck' = 'works';
  tries = 0;
  readonly lines: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.tries += 1;
    if (this.mode === 'stuck') return;
    if (this.mode === 'works') this.lines.push(chunk.toString());
    done(this.mode === 'fails' ? Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }) : undefined);
  }
}

const note = (lost: number) => `lost ${lost}\n`;

describe('the output of the log', () => {
  it('passes lines on', () => {
    const output = new Output();
    const write = createLogOutput(output, note);
    write('a\n');
    write('b\n');
    expect(output.lines).toEqual(['a\n', 'b\n']);
  });

  it('outlives its reader, and tells the next one how much was lost', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-log-'));
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const script = fileURLToPath(new URL('./log-output-process.ts', import.meta.url));
    const command = 'exec "$0" --import tsx "$1" > "$2"';
    const writer = spawn('sh', ['-c', command, process.execPath, script, pipe], { stdio: 'ignore' });
    try {
      const read = async (lines: string) => (await promisify(execFile)('head', ['-n', lines, pipe])).stdout;
      expect(await read('2')).toBe('line\nline\n');
      await sleep(300);
      expect(writer.exitCode).toBeNull();
      expect(await read('200')).toMatch(/lost \d+\nline\n/);
    } finally {
      writer.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('does not try every line once its reader is gone', async () => {
    const output = new Output();
    const write = createLogOutput(output, note);
    output.mode = 'fails';
    for (let round = 0; round < 100; round++) {
      write('gone\n');
      await new Promise(setImmediate);
    }
    expect(output.tries).toBeLessThan(5);
  });

  it('holds no more than a megabyte for a reader that stands still', () => {
    const output = new Output();
    const write = createLogOutput(output, note);
    output.mode = 'stuck';
    for (let index = 0; index < 5000; index++) write('x'.repeat(1000));
    expect(output.writableLength).toBeLessThan(1_100_000);
  });
});
