/** The command as a person runs it: another process, files, exit codes. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { astronaut, meanDifference } from '../support/photos.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
let photo: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-cli-'));
  photo = join(folder, 'photo.png');
  await writeFile(photo, await astronaut());
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function dctoon(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', CLI, ...args], { cwd: ROOT });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('dctoon cartoonize', () => {
  it.each([
    ['cartoon.png', [], 'png'],
    ['cartoon.JPG', ['--style', '3d'], 'jpeg'],
    ['cartoon', ['--format', 'png'], 'png'],
  ])('writes %s', async (name, options, format) => {
    const out = join(folder, name);
    const result = await dctoon('cartoonize', photo, out, ...options);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain(`${out}: 512 x 512, 1 face, `);
    const image = await readFile(out);
    expect(await sharp(image).metadata()).toMatchObject({ format, width: 512, height: 512 });
    expect(await meanDifference(image, await astronaut())).toBeGreaterThan(2);
  });

  it.each<[string, number, RegExp, (out: string) => string[]]>([
    [
      'a photo that is not there',
      1,
      /^Cannot read .*missing\.jpg: there is no such file\.$/,
      (out) => ['missing.jpg', out],
    ],
    ['a file that is no photo', 1, /cli\.ts: .*JPEG, PNG/, (out) => [CLI, out]],
    ['a folder that is not there', 1, /there is no such folder/, () => [photo, join(folder, 'no/where.png')]],
    [
      'an unknown style',
      2,
      /^There is no style "disco". There is: 3d/,
      (out) => [photo, out, '--style', 'disco'],
    ],
    ['a name without a format', 2, /must end in \.jpg or \.png/, () => [photo, join(folder, 'out.bmp')]],
    ['an unknown format', 2, /Allowed choices are jpeg, png/, (out) => [photo, out, '--format', 'bmp']],
    ['a missing argument', 2, /missing required argument 'out'/, () => [photo]],
    [
      'a folder without models',
      3,
      /manifest\.json cannot be read/,
      (out) => [photo, out, '--models', folder],
    ],
  ])('%s: exit code %i and a sentence', async (_, code, message, args) => {
    const result = await dctoon('cartoonize', ...args(join(folder, 'never.png')));
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr.trim()).toMatch(message);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('explains itself', async () => {
    const result = await dctoon('cartoonize', '--help');
    expect(result.code).toBe(0);
    for (const word of ['--style', '--format', '--models', 'DEFAULT_STYLE', 'MODELS_DIR']) {
      expect(result.stdout).toContain(word);
    }
  });
});
