/** That every benchmark still runs; what it measures is nobody's business here. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { baseline } from '../../bench/baselines.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

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

it('compares with no FP32 form of an older network', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dctoon-baselines-'));
  const path = join(folder, 'float.onnx');
  const made = pathToFileURL(`${folder}/`);
  try {
    expect(baseline('float', made)).toBeUndefined();
    await writeFile(path, '');
    expect(baseline('float', made)).toBe(path);
    await utimes(path, 0, 0);
    expect(() => baseline('float', made)).toThrow('dctoon_training baselines');
  } finally {
    await rm(folder, { recursive: true });
  }
});
