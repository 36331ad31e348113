/** The command line as shells and programs use it: styles by name, pipes, JSON, silence. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { astronaut } from '../support/photos.ts';
import { dctoon } from './dctoon.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STYLES = ['3d', 'anime', 'handdrawn', 'sketch', 'artstyle', 'illustration', 'design'];

let folder: string;
let photo: string;
let small: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-cli-'));
  photo = join(folder, 'me.jpg');
  small = await sharp(await astronaut())
    .resize(256)
    .jpeg()
    .toBuffer();
  await writeFile(photo, small);
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe('styles', { timeout: 90_000 }, () => {
  it('are listed, for people and for programs', async () => {
    const { code, stdout } = await dctoon(['styles']);
    expect(code).toBe(0);
    for (const id of STYLES) expect(stdout).toMatch(new RegExp(`^${id} `, 'm'));
    expect(stdout).toMatch(/^artstyle +Pop art +\S/m);
    const json = JSON.parse((await dctoon(['styles', '--json'])).stdout) as { id: string; title: string }[];
    expect(json.map(({ id }) => id)).toEqual(STYLES);
    expect(json.find(({ id }) => id === 'artstyle')?.title).toBe('Pop art');
  });

  it.each(['Pop art', 'pop-art', 'Поп-арт', 'artstyle'])(
    'are chosen as they are called: %s',
    async (name) => {
      const out = join(folder, `${name}.jpg`);
      const result = await dctoon(['cartoonize', photo, out, '-s', name, '--json']);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(result.stdout)).toMatchObject({ photo, file: out, style: 'artstyle', width: 256 });
    },
  );

  it('are named with their titles where one is not known', async () => {
    const { code, stderr } = await dctoon(['cartoonize', photo, join(folder, 'no.jpg'), '--style', 'disco']);
    expect(code).toBe(2);
    expect(stderr).toContain('artstyle (Pop art)');
  });
});

describe('files', { timeout: 90_000 }, () => {
  it.each([
    ['webp', 'webp'],
    ['avif', 'heif'],
  ])('are written as %s, by their name and by --format', async (format, container) => {
    const named = join(folder, `named.${format}`);
    expect(await dctoon(['cartoonize', photo, named, '-q'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(await sharp(await readFile(named)).metadata()).toMatchObject({ format: container, width: 256 });
    expect((await dctoon(['cartoonize', photo, '--out', folder, '-f', format])).code).toBe(0);
    const beside = await readFile(join(folder, `me-3d.${format}`));
    expect((await sharp(beside).metadata()).format).toBe(container);
  });

  it('without a name for the cartoon it lies beside the photo', async () => {
    const beside = join(folder, 'you.png');
    await copyFile(photo, beside);
    const result = await dctoon(['cartoonize', beside]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(await sharp(join(folder, 'you-3d.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 256 });
    expect(await dctoon(['cartoonize', beside])).toMatchObject({ code: 2 });
  });

  it('- is standard input and output, with nothing else in it', async () => {
    const jpeg = await dctoon(['cartoonize', '-', '-'], { input: small });
    expect(jpeg.code).toBe(0);
    expect(await sharp(jpeg.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 256 });
    expect(jpeg.stderr).toContain('256 x 256');
    const png = await dctoon(['cartoonize', photo, '-', '-f', 'png', '-q']);
    expect(png).toMatchObject({ code: 0, stderr: '' });
    expect(await sharp(png.bytes).metadata()).toMatchObject({ format: 'png', width: 256 });
    const out = join(folder, 'from-stdin.png');
    expect(await dctoon(['cartoonize', '-', out], { input: small })).toMatchObject({ code: 0 });
    expect(await sharp(await readFile(out)).metadata()).toMatchObject({ format: 'png' });
  });

  it('a pipe that brings no photo, or too much, is a sentence', async () => {
    const nothing = await dctoon(['cartoonize', '-', '-'], { input: Buffer.from('hello') });
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toMatch(/^-: .*JPEG, PNG/);
    const much = await dctoon(['cartoonize', '-', '-'], { input: Buffer.alloc(21 * 2 ** 20) });
    expect(much).toMatchObject({ code: 1, stdout: '' });
    expect(much.stderr).toMatch(/20 MB/);
  });
});

describe('what is said', { timeout: 90_000 }, () => {
  it('is a line of JSON for each cartoon and each failure with --json', async () => {
    const broken = join(folder, 'broken.jpg');
    await writeFile(broken, small.subarray(0, 300));
    const out = join(folder, 'json');
    const { code, stdout } = await dctoon(['cartoonize', photo, broken, '-o', out, '--json']);
    expect(code).toBe(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toHaveLength(2);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ photo, file: join(out, 'me-3d.jpg'), style: '3d', faces: 1 }),
        { photo: broken, error: { code: 'broken_image', message: expect.stringContaining('damaged') } },
      ]),
    );
  });

  it('is nothing with --quiet, but what went wrong', async () => {
    const quiet = await dctoon(['cartoonize', photo, '--out', join(folder, 'quiet'), '--quiet']);
    expect(quiet).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const wrong = await dctoon(['cartoonize', join(folder, 'gone.jpg'), '--quiet']);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/no such file/);
  });

  it('is help with examples that name a style', async () => {
    for (const args of [['--help'], ['cartoonize', '--help']]) {
      const { stdout } = await dctoon(args);
      expect(stdout).toContain('dctoon cartoonize me.jpg cartoon.png --style "Pop art"');
    }
  });
});

it('npx dctoon works in a clone, built or not', { timeout: 90_000 }, async () => {
  const { stdout } = await promisify(execFile)('npx', ['dctoon', 'styles'], { cwd: ROOT });
  expect(stdout).toMatch(/^artstyle +Pop art/m);
});
