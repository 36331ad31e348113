import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { astronaut, meanDifference } from '../support/photos.ts';
import { CLI, dctoon } from './dctoon.ts';

let folder: string;
let photo: string;
/** Takes no room on the disk: nothing was ever written to it. */
let large: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-cli-'));
  photo = join(folder, 'photo.png');
  await writeFile(photo, await astronaut());
  large = join(folder, 'large.jpg');
  await writeFile(large, '');
  await truncate(large, 3e9);
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** Every file below a folder, sorted. */
async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

describe('one photo into a file', { timeout: 90_000 }, () => {
  it.each([
    ['cartoon.png', [], 'png'],
    ['cartoon.JPG', ['--style', '3d'], 'jpeg'],
    ['cartoon', ['--format', 'png'], 'png'],
  ])('writes %s', async (name, options, format) => {
    const out = join(folder, name);
    const result = await dctoon(['cartoonize', photo, out, ...options]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain(`${out}: 512 x 512, 1 face, `);
    const image = await readFile(out);
    expect(await sharp(image).metadata()).toMatchObject({ format, width: 512, height: 512 });
    expect(await meanDifference(image, await astronaut())).toBeGreaterThan(2);
  });

  it('never overwrites a file without --force', async () => {
    const other = join(folder, 'other-photo.png');
    await copyFile(photo, other);
    const refused = await dctoon(['cartoonize', photo, other]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/other-photo\.png exists already: --force .* --out/);
    expect(await readFile(other)).toEqual(await readFile(photo));

    expect(await dctoon(['cartoonize', photo, other, '--force'])).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(other)).not.toEqual(await readFile(photo));
  });

  it.each<[string, number, RegExp, (out: string) => string[]]>([
    [
      'a photo that is not there',
      1,
      /^Cannot read missing\.jpg: there is no such file or folder\.$/,
      (out) => ['missing.jpg', out],
    ],
    ['a file that is no photo', 1, /cli\.ts: .*JPEG, PNG/, (out) => [CLI, out]],
    ['a file of 3 GB, without reading it', 1, /large\.jpg: .*20 MB/, (out) => [large, out]],
    ['a folder that is not there', 1, /there is no such folder/, () => [photo, join(folder, 'no/where.png')]],
    [
      'an unknown style',
      2,
      /^There is no style "disco". There is: 3d/,
      (out) => [photo, out, '--style', 'disco'],
    ],
    [
      'a name without a format',
      2,
      /must end in \.jpg, \.png, \.webp or \.avif/,
      () => [photo, join(folder, 'out.bmp')],
    ],
    ['an unknown format', 2, /Allowed choices are jpeg, png/, (out) => [photo, out, '--format', 'bmp']],
    ['a sticker with another name', 2, /must end in \.webp/, (out) => [photo, out, '--as', 'sticker']],
    ['nonsense for a strength', 2, /from 0 to 150/, (out) => [photo, out, '--strength', '151']],
    ['no argument', 2, /missing required argument 'photos'/, () => []],
    ['three files without --out', 2, /--out/, (out) => [photo, photo, out]],
    ['nonsense for a number', 2, /from 1 to 64/, (out) => [photo, out, '--jobs', 'many']],
    [
      'a folder without models',
      3,
      /manifest\.json cannot be read/,
      (out) => [photo, out, '--models', folder],
    ],
  ])('%s: exit code %i and a sentence', async (_, code, message, args) => {
    const result = await dctoon(['cartoonize', ...args(join(folder, 'never.png'))]);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr.trim()).toMatch(message);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });
});

describe('what a cartoon is cut to', { timeout: 60_000 }, () => {
  it('names the file after it, with the ending of its encoding', async () => {
    const out = join(folder, 'cut');
    for (const as of ['sticker', 'avatar']) {
      expect((await dctoon(['cartoonize', photo, '--out', out, '--as', as, '--strength', '80'])).code).toBe(
        0,
      );
    }
    const names = await filesIn(out);
    expect(names.map((name) => name.replace(/^.*-3d/, '3d'))).toEqual(['3d-avatar.jpg', '3d-sticker.webp']);
    const [avatar, sticker] = await Promise.all(names.map((name) => sharp(join(out, name)).metadata()));
    expect(avatar).toMatchObject({ format: 'jpeg', width: 1024, height: 1024 });
    expect(sticker).toMatchObject({ format: 'webp', hasAlpha: true });
  });
});

describe('many photos into a folder', { timeout: 90_000 }, () => {
  it('finds photos under every name they go by, and names the pictures it passes over', async () => {
    const inbox = join(folder, 'names');
    await mkdir(inbox);
    const jpeg = await sharp(photo).resize(32).jpeg().toBuffer();
    const png = await sharp(photo).resize(32).png().toBuffer();
    for (const name of ['a.jfif', 'b.jpe', 'c.MPO', 'd.pjpeg', 'e.jif', 'f.pjp'])
      await writeFile(join(inbox, name), jpeg);
    await writeFile(join(inbox, 'g.apng'), png);
    await writeFile(join(inbox, 'scan.TIFF'), 'II*');
    await writeFile(join(inbox, 'notes.txt'), 'no picture');
    const out = join(folder, 'named');
    const { code, stdout, stderr } = await dctoon(['cartoonize', inbox, '--out', out]);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    expect(await filesIn(out)).toHaveLength(7);
    expect(stdout + stderr).toContain(
      `passed over 1 of kinds that cannot be drawn (${join(inbox, 'scan.TIFF')})`,
    );
  });

  it('takes files, folders and globs, keeps subfolders, and a broken photo costs only itself', async () => {
    const inbox = join(folder, 'inbox');
    await mkdir(join(inbox, 'party'), { recursive: true });
    const small = await sharp(await astronaut())
      .resize(256)
      .jpeg()
      .toBuffer();
    await Promise.all([
      writeFile(join(inbox, 'me.jpg'), small),
      writeFile(join(inbox, 'me.png'), await sharp(small).png().toBuffer()),
      writeFile(join(inbox, 'party', 'B.JPEG'), small),
      writeFile(join(inbox, 'broken.jpg'), small.subarray(0, 300)),
      writeFile(join(inbox, 'notes.txt'), 'no photo'),
      writeFile(join(folder, 'glob-1.jpg'), small),
      writeFile(join(folder, 'glob-2.jpg'), small),
    ]);
    const out = join(folder, 'drawn');
    const args = ['cartoonize', inbox, join(folder, 'glob-*.jpg'), '--out', out];
    const first = await dctoon(args);
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(/broken\.jpg: /);
    expect(first.stderr).toMatch(/5 of 6 photos drawn, 1 failed/);
    const names = ['glob-1-3d.jpg', 'glob-2-3d.jpg', 'me-3d-2.jpg', 'me-3d.jpg', 'party/B-3d.jpg'];
    expect(await filesIn(out)).toEqual(names);
    for (const name of names) {
      expect(await sharp(join(out, name)).metadata()).toMatchObject({ format: 'jpeg', width: 256 });
    }

    // Again: what is there stays as it is, byte and date.
    const before = await stat(join(out, 'me-3d.jpg'));
    await rm(join(out, 'glob-2-3d.jpg'));
    const second = await dctoon(args);
    expect(second.stderr).toMatch(/1 of 6 photos drawn, 4 were there already \(--force draws them again\)/);
    expect((await stat(join(out, 'me-3d.jpg'))).mtimeMs).toBe(before.mtimeMs);
    expect(await filesIn(out)).toEqual(names);
  });

  it('does not take the cartoons of an earlier run for photos', async () => {
    const album = join(folder, 'album');
    await mkdir(album);
    await copyFile(photo, join(album, 'one.png'));
    const args = ['cartoonize', album, '--out', join(album, 'cartoons'), '--force'];
    await dctoon(args);
    expect(await dctoon(args)).toMatchObject({ code: 0, stderr: '' });
    expect(await filesIn(album)).toEqual(['cartoons/one-3d.jpg', 'one.png']);
  });

  it.each<[string, RegExp, () => string[]]>([
    ['an empty folder', /There is no photo in the folder/, () => [join(folder, 'empty')]],
    ['a glob that matches nothing', /No file matches .*\.tiff/, () => [join(folder, '*.tiff')]],
  ])('%s: a sentence', async (_, message, inputs) => {
    await mkdir(join(folder, 'empty'), { recursive: true });
    const result = await dctoon(['cartoonize', ...inputs(), '--out', join(folder, 'nothing')]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(message);
  });

  it('stops at Ctrl-C, leaves no half file, and says what is left', async () => {
    const many = join(folder, 'many');
    await mkdir(many);
    for (let i = 0; i < 30; i++) await copyFile(photo, join(many, `${i}.png`));
    const out = join(folder, 'many-out');
    const result = await dctoon(['cartoonize', many, '--out', out, '--jobs', '1'], {
      onStart: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
    });
    expect(result.code).toBe(130);
    expect(result.stderr).toMatch(/Interrupted; not drawn: \d+ of 30/);
    const files = await filesIn(out);
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThan(30);
    for (const file of files) expect(file).toMatch(/^\d+-3d\.jpg$/);
  });
});

describe('--style all', { timeout: 90_000 }, () => {
  it('makes a contact sheet: one row per photo, the photo and every style', async () => {
    const sheet = join(folder, 'sheet.png');
    const result = await dctoon(['cartoonize', photo, sheet, '--style', 'all']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const [, columns = ''] = /contact sheet \((.*)\)/.exec(result.stdout) ?? [];
    expect(columns).toMatch(/^photo, 3D cartoon/);
    const count = columns.split(', ').length;
    const { width = 0, height = 0 } = await sharp(sheet).metadata();
    expect(width).toBe(12 + count * 332);
    // The first column is the photo, the second its cartoon, each in a square of its own.
    const tile = (x: number) =>
      sharp(sheet)
        .extract({ left: 12 + x * 332, top: height - 332, width: 320, height: 320 })
        .toBuffer();
    const original = await sharp(await astronaut())
      .resize(320, 320)
      .toBuffer();
    expect(await meanDifference(await tile(0), original)).toBeLessThan(5);
    expect(await meanDifference(await tile(1), original)).toBeGreaterThan(6);
    expect(await meanDifference(await tile(1), original)).toBeLessThan(40);
  });

  it('with --out writes the cartoons beside the sheet', async () => {
    const out = join(folder, 'all');
    await dctoon(['cartoonize', photo, '--style', 'all', '--out', out]);
    expect(await filesIn(out)).toEqual(expect.arrayContaining(['contact-sheet.jpg', 'photo-3d.jpg']));
  });
});

it('explains itself', async () => {
  const result = await dctoon(['cartoonize', '--help']);
  expect(result.code).toBe(0);
  for (const word of ['--style', '--format', '--models', '--out', '--jobs', '--force', 'DEFAULT_STYLE']) {
    expect(result.stdout).toContain(word);
  }
  expect(await dctoon(['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});
