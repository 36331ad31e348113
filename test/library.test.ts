/** The example of docs/library.md, run as a stranger would: the built package, imported by its name, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { astronaut } from './support/photos.ts';
import { build } from './support/service.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  await build();
  folder = await mkdtemp(join(tmpdir(), 'dctoon-library-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(ROOT, join(folder, 'node_modules', 'dctoon'), 'dir');
  const page = await readFile(join(ROOT, 'docs/library.md'), 'utf8');
  await writeFile(join(folder, 'example.mjs'), /```js\n(.*?)```/s.exec(page)?.[1] ?? '');
}, 120_000);
afterAll(async () => await rm(folder, { recursive: true, force: true }));

it('draws a cartoon', async () => {
  await writeFile(
    join(folder, 'me.jpg'),
    await sharp(await astronaut())
      .jpeg()
      .toBuffer(),
  );
  const { stdout } = await run(process.execPath, ['example.mjs'], { cwd: folder });
  expect(stdout).toMatch(/3d: 3D cartoon/);
  for (const stage of ['decode', 'faces', 'style', 'blend', 'encode']) expect(stdout).toContain(`${stage}\n`);
  expect(stdout).toContain('512 x 512, 1 face(s)');
  expect(await sharp(join(folder, 'cartoon.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 512 });
});

it('tells a bad photo by its code, and ends', async () => {
  await writeFile(join(folder, 'me.jpg'), 'no photo');
  const { stderr } = await run(process.execPath, ['example.mjs'], { cwd: folder });
  expect(stderr.trim()).toBe('unsupported_format another photo may work');
});

it('has the types of everything the example uses', async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    exports: { '.': { types: string; default: string } };
  };
  const types = await readFile(join(ROOT, manifest.exports['.'].types), 'utf8');
  for (const name of ['Cartoonizer', 'CartoonizerOptions', 'DctoonError', 'ERROR_CODES']) {
    expect(types).toContain(name);
  }
});
