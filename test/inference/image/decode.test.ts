/** What strangers send: every kind of good file decodes, every kind of bad one has a name. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { decode as decodeTo, restrictLoaders } from '../../../src/inference/image/decode.ts';
import { open, type RawImage } from '../../../src/inference/image/raw-image.ts';
import { PROFILES } from '../../../src/inference/profile.ts';
import type { ErrorCode } from '../../../src/shared/errors.ts';
import {
  animation,
  astronaut,
  cut,
  drawn,
  ftyp,
  meanDifference,
  pngBomb,
  pngChunk,
  pngHeader,
  pngOf,
  rocket,
  turned,
} from '../../support/photos.ts';

const decode = async (photo: Uint8Array) => await decodeTo(photo, PROFILES.full);

beforeAll(restrictLoaders);

function sample(picture: RawImage, x: number, y: number): number[] {
  const at = (y * picture.width + x) * 3;
  return [...picture.data.subarray(at, at + 3)];
}

async function codeOf(photo: Uint8Array): Promise<ErrorCode | 'decoded' | undefined> {
  return await decode(photo).then(
    () => 'decoded' as const,
    (error: { code?: ErrorCode }) => error.code,
  );
}

/** The same GIF with a logical screen of 2000 x 2000: little to draw, much to allocate. */
function enlarged(gif: Buffer): Buffer {
  const copy = Buffer.from(gif);
  copy.writeUInt16LE(2000, 6);
  copy.writeUInt16LE(2000, 8);
  return copy;
}

/** The still as the first picture of an animation: with the brands of one, and a box of tracks behind it, as libavif writes it. */
function sequence(still: Buffer): Buffer {
  const file = Buffer.from(still);
  file.write('avis', 8, 'latin1');
  file.write('msf1', 16, 'latin1');
  const box = (type: string, content: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(content.length + 8);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, content]);
  };
  return Buffer.concat([file, box('moov', box('mvhd', Buffer.alloc(100)))]);
}

describe('decode, good files', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('%s', async (format) => {
    const picture = await decode(await drawn(90, 60).toFormat(format).toBuffer());
    expect(picture).toMatchObject({ width: 90, height: 60, channels: 3 });
    expect(picture.data.length).toBe(90 * 60 * 3);
    expect(await meanDifference(open(picture), drawn(90, 60))).toBeLessThan(8);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is set upright', async (orientation) => {
    const picture = await decode(await turned(90, 60, orientation));
    expect([picture.width, picture.height]).toEqual([90, 60]);
    expect(await meanDifference(open(picture), drawn(90, 60))).toBeLessThan(3);
  });

  it('lays transparency on white', async () => {
    const clear = {
      width: 20,
      height: 10,
      channels: 4 as const,
      background: { r: 255, g: 0, b: 0, alpha: 0.5 },
    };
    const picture = await decode(await sharp({ create: clear }).png().toBuffer());
    const [red, green, blue] = sample(picture, 5, 5);
    expect(red).toBe(255);
    expect(green).toBeGreaterThan(125);
    expect(green).toBeLessThan(130);
    expect(blue).toBe(green);
  });

  it('makes RGB of grey, of grey with alpha, of CMYK, of 16 bits, of a palette', async () => {
    const files = {
      grey: await drawn(40, 30).greyscale().toColourspace('b-w').png().toBuffer(),
      greyAlpha: await drawn(40, 30).greyscale().toColourspace('b-w').ensureAlpha(0.5).png().toBuffer(),
      cmyk: await drawn(40, 30).toColourspace('cmyk').jpeg().toBuffer(),
      deep: await drawn(40, 30).toColourspace('rgb16').png().toBuffer(),
      palette: await drawn(40, 30).png({ palette: true }).toBuffer(),
      oneBit: await drawn(40, 30).greyscale().threshold(128).png({ palette: true, colours: 2 }).toBuffer(),
    };
    expect((await sharp(files.grey).metadata()).channels).toBe(1);
    expect((await sharp(files.cmyk).metadata()).space).toBe('cmyk');
    expect((await sharp(files.deep).metadata()).depth).toBe('ushort');
    for (const file of Object.values(files)) {
      const picture = await decode(file);
      expect([picture.width, picture.height, picture.channels, picture.data.length]).toEqual([
        40, 30, 3, 3600,
      ]);
    }
    expect(await meanDifference(open(await decode(files.deep)), drawn(40, 30))).toBeLessThan(2);
    expect(await meanDifference(open(await decode(files.cmyk)), drawn(40, 30))).toBeLessThan(40);
  });

  it('takes the first frame of an animation', async () => {
    const file = await animation(30, 20, 5);
    expect((await sharp(file).metadata()).pages).toBe(5);
    const picture = await decode(file);
    expect([picture.width, picture.height]).toEqual([30, 20]);
    expect(sample(picture, 3, 3)).toEqual([0, 0, 0]);
  });

  it.each([
    [1, 1, 1, 1],
    [30000, 1, 30000, 1],
    [1, 30000, 1, 30000],
    [5472, 3648, 5472, 3648],
    [20000, 2000, 15492, 1549],
    [7000, 6000, 5292, 4536],
  ])('%i x %i becomes %i x %i', async (width, height, expectedWidth, expectedHeight) => {
    const create = { width, height, channels: 3 as const, background: '#369' };
    const picture = await decode(await sharp({ create }).png().toBuffer());
    expect([picture.width, picture.height]).toEqual([expectedWidth, expectedHeight]);
    expect(picture.isSmaller).toBe(width !== expectedWidth);
  });

  it('shrinks to what it is told', async () => {
    const picture = await decodeTo(await drawn(900, 600).png().toBuffer(), {
      ...PROFILES.full,
      longestSide: 300,
    });
    expect([picture.width, picture.height]).toEqual([300, 200]);
  });

  it('an animated AVIF is its first picture', async () => {
    const still = await drawn(96, 64).avif({ quality: 80 }).toBuffer();
    const picture = await decode(sequence(still));
    expect([picture.width, picture.height]).toEqual([96, 64]);
    expect(await meanDifference(open(picture), drawn(96, 64))).toBeLessThan(8);
  });

  it.each([
    [100_000, 188],
    [45_455, 128],
    [22_727, 63],
  ])('a gamma of %i in a PNG is honoured: 128 is %i', async (gamma, level) => {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(gamma);
    for (const [colour, samples] of [
      [2, 3],
      [0, 1],
    ] as const) {
      const rows = Buffer.concat(
        Array.from({ length: 4 }, () => Buffer.concat([Buffer.alloc(1), Buffer.alloc(4 * samples, 128)])),
      );
      const chunks = [pngChunk('gAMA', value), pngChunk('IDAT', deflateSync(rows)), pngChunk('IEND')];
      const picture = await decode(pngOf(pngHeader(4, 4, colour), ...chunks));
      for (const channel of sample(picture, 2, 2)) expect(Math.abs(channel - level)).toBeLessThan(4);
    }
  });

  it('sRGB and a profile are stronger than gamma', async () => {
    const png = await drawn(40, 30).withIccProfile('p3').png().toBuffer();
    const value = Buffer.alloc(4);
    value.writeUInt32BE(100_000);
    const header = 8 + 25;
    const both = Buffer.concat([png.subarray(0, header), pngChunk('gAMA', value), png.subarray(header)]);
    expect(await meanDifference(open(await decode(both)), open(await decode(png)))).toBe(0);
  });

  it.each([false, true])(
    'a JPEG is drawn although its end is missing, and that is said (progressive: %s)',
    async (progressive) => {
      const whole = await sharp(await rocket())
        .jpeg({ progressive })
        .toBuffer();
      const picture = await decode(cut(whole, 0.95));
      expect(picture).toMatchObject({ width: 640, height: 427, isDamaged: true });
      const top = { left: 0, top: 0, width: 640, height: 300 };
      const [before, after] = [
        sharp(whole).extract(top),
        sharp(await open(picture).extract(top).png().toBuffer()),
      ];
      expect(await meanDifference(await after.png().toBuffer(), await before.png().toBuffer())).toBeLessThan(
        8,
      );
      expect((await decode(whole)).isDamaged).toBe(false);
    },
  );

  it('bad bytes in the middle of a JPEG cost what they spoil and no more', async () => {
    const bad = Buffer.from(await rocket());
    for (const part of [0.4, 0.6, 0.8]) bad[Math.floor(bad.length * part)] = 0x55;
    expect(await decode(bad)).toMatchObject({ width: 640, height: 427 });
  });

  it('forgives what phones do: bytes behind the end, a text segment, a broken EXIF block', async () => {
    const photo = await rocket();
    expect(await codeOf(Buffer.concat([photo, Buffer.from('PK\x03\x04 a zip file')]))).toBe('decoded');
    const junk = Buffer.from([0xff, 0xe1, 0, 8, 0x45, 0x78, 0x69, 0x66, 0, 0xff]);
    expect(await codeOf(Buffer.concat([photo.subarray(0, 2), junk, photo.subarray(2)]))).toBe('decoded');
  });
});

describe('decode, bad files', () => {
  const text = (content: string) => Buffer.from(content);
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>';

  it.each<[string, ErrorCode, () => Uint8Array | Promise<Uint8Array>]>([
    ['nothing', 'unsupported_format', () => new Uint8Array()],
    ['one byte', 'unsupported_format', () => text('x')],
    ['text', 'unsupported_format', () => text('holiday.jpg, I promise')],
    ['HTML', 'unsupported_format', () => text('<!doctype html><img src=x onerror=alert(1)>')],
    ['PDF', 'unsupported_format', () => text('%PDF-1.7\n1 0 obj')],
    ['PostScript', 'unsupported_format', () => text('%!PS-Adobe-3.0 EPSF-3.0\n')],
    ['Photoshop', 'unsupported_format', () => text(`8BPS\0\x01${'\0'.repeat(40)}`)],
    ['BMP', 'unsupported_format', () => text(`BM${'\0'.repeat(60)}`)],
    ['SVG', 'unsupported_format', () => text(svg)],
    ['SVG with a prolog', 'unsupported_format', () => text(`<?xml version="1.0"?>${svg}`)],
    ['TIFF', 'unsupported_format', async () => await drawn(9, 9).tiff().toBuffer()],
    ['MP4', 'unsupported_format', () => ftyp('isom', 'iso2', 'mp41')],
    ['HEIC', 'heic', () => ftyp('heic', 'mif1', 'heic')],
    ['HEIC sequence', 'heic', () => ftyp('msf1', 'hevc')],
    ['AVIF sequence without a still', 'unsupported_format', () => ftyp('avis', 'msf1', 'miaf')],
    ['AVIF without content', 'broken_image', () => ftyp('avif', 'mif1', 'miaf')],
    ['JPEG signature only', 'broken_image', () => Buffer.from([0xff, 0xd8, 0xff])],
    ['PNG signature only', 'broken_image', () => Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
    ['21 MB', 'too_large', () => new Uint8Array(21 * 1024 * 1024)],
    ['65536 x 65536', 'too_many_pixels', () => pngBomb(65536, 65536)],
    ['16384 x 16384', 'too_many_pixels', () => pngBomb(16384, 16384)],
    ['7072 x 7072', 'too_many_pixels', () => pngBomb(7072, 7072)],
    ['a size within the limit, but no data', 'broken_image', () => pngBomb(7000, 7000)],
    [
      'frames that are too much together',
      'too_many_pixels',
      async () => enlarged(await animation(30, 20, 15)),
    ],
  ])('%s is %s', async (_, code, make) => {
    expect(await codeOf(await make())).toBe(code);
  });

  it.each(['jpeg', 'png', 'webp', 'avif'] as const)('%s cut short is broken_image', async (format) => {
    const whole = await sharp(await astronaut())
      .resize(200)
      .toFormat(format)
      .toBuffer();
    for (const part of format === 'jpeg' ? [0.1, 0.5] : [0.1, 0.5, 0.97])
      expect([part, await codeOf(cut(whole, part))]).toEqual([part, 'broken_image']);
  });

  it('a GIF cut short never gets further than broken_image', async () => {
    const whole = await sharp(await astronaut())
      .resize(200)
      .gif()
      .toBuffer();
    for (const part of [0.1, 0.5, 0.97])
      expect(['broken_image', 'decoded']).toContain(await codeOf(cut(whole, part)));
    expect(await codeOf(cut(whole, 0.02))).toBe('broken_image');
  });

  it('refuses bombs from their header: hardly any work', async () => {
    const before = process.cpuUsage();
    await codeOf(pngBomb(65536, 65536));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1000);
  });

  it('says the limits, for the text a user reads', async () => {
    await expect(decode(new Uint8Array(21 * 1024 * 1024))).rejects.toMatchObject({
      details: { megabytes: 20 },
    });
    await expect(decode(pngBomb(9000, 9000))).rejects.toMatchObject({ details: { megapixels: 50 } });
  });
});
