/** The script that removes other systems' libraries, on a copy of onnxruntime-node in a folder laid out like an installation. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/prune-runtime.mjs', import.meta.url));
const run = promisify(execFile);
const INSTALLED = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const THIS_SYSTEM = `${process.platform}/${process.arch}`;
const OTHER_SYSTEMS = ['darwin/arm64', 'linux/x64', 'linux/arm64', 'win32/arm64', 'win32/x64'].filter(
  (system) => system !== THIS_SYSTEM,
);

let folder: string;
const libraries = (system: string) => join(folder, 'node_modules/onnxruntime-node/bin/napi-v6', system);
const prune = (...args: string[]) =>
  run(process.execPath, [join(folder, 'scripts/prune-runtime.mjs'), ...args]);

/** The real package with the real libraries of this system; those of the others are a megabyte each. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-prune-'));
  await cp(SCRIPT, join(folder, 'scripts/prune-runtime.mjs'));
  const isOfOtherSystem = (path: string) =>
    /napi-v\d+\/\w+\/\w+$/.test(path) && !path.endsWith(`/${THIS_SYSTEM}`);
  for (const name of ['onnxruntime-node', 'onnxruntime-common']) {
    await cp(join(INSTALLED, name), join(folder, 'node_modules', name), {
      recursive: true,
      filter: (path) => !isOfOtherSystem(path),
    });
  }
  for (const system of OTHER_SYSTEMS) {
    await mkdir(libraries(system), { recursive: true });
    await writeFile(join(libraries(system), 'onnxruntime_binding.node'), new Uint8Array(2 ** 20));
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('prune-runtime', () => {
  it('removes the libraries of other systems, says what that freed, and ONNX Runtime still starts', async () => {
    const { stdout } = await prune();
    expect(stdout).toContain('freed 4 MB');
    for (const system of OTHER_SYSTEMS) expect(existsSync(libraries(system)), system).toBe(false);
    const code = "console.log(require('onnxruntime-node').listSupportedBackends()[0].name)";
    expect((await run(process.execPath, ['-e', code], { cwd: folder })).stdout).toBe('cpu\n');
    expect((await prune()).stdout).toContain('freed 0 MB');
  });

  it('only says what would go with --dry-run', async () => {
    const { stdout } = await prune('--dry-run');
    expect(stdout).toContain('would free 4 MB');
    for (const system of [THIS_SYSTEM, ...OTHER_SYSTEMS])
      expect(existsSync(libraries(system)), system).toBe(true);
  });

  it.each([
    ['that are missing', (path: string) => rm(path, { recursive: true }), /has no libraries for/],
    [
      'that do not load, as those for glibc on Alpine',
      (path: string) => writeFile(join(path, 'onnxruntime_binding.node'), 'not a library'),
      /onnxruntime_binding\.node/,
    ],
  ])('touches nothing beside libraries of this system %s', async (_, damage, reason) => {
    await damage(libraries(THIS_SYSTEM));
    await expect(prune()).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(reason) });
    for (const system of OTHER_SYSTEMS) expect(existsSync(libraries(system)), system).toBe(true);
  });
});
