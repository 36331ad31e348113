/** That every benchmark still runs; what it measures is nobody's business here. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

it('npm run bench -- --smoke', { timeout: 180_000 }, async () => {
  const { stdout } = await promisify(execFile)('npx', ['tsx', 'bench/run.ts', '--smoke', '--runs', '1'], {
    cwd: ROOT,
    timeout: 170_000,
  });
  for (const name of ['network', 'stages', 'end-to-end', 'service', 'load', 'cold-start']) {
    const [, table = ''] = stdout.split(`\n${name}\n`);
    expect(table.split('\n')[2], name).toMatch(/\d/);
  }
});
