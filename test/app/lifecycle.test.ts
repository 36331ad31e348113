import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('./lifecycle-process.ts', import.meta.url));

it('a service that fails and cannot stop ends all the same, so that something starts it again', async () => {
  const child = execFile(process.execPath, ['--import', 'tsx', SCRIPT], {
    env: { PATH: process.env['PATH'], DRAIN_SECONDS: '0' },
  });
  let output = '';
  child.stdout?.on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(1);
  expect(output).toContain('broken');
}, 20_000);
