/**
 * What strangers send, beyond the files of test/inference/image/decode.test.ts: what image libraries
 * were broken by, as files that are made here.
 */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import type { ErrorCode } from '../../src/shared/errors.ts';
import { animation, astronaut, cut, drawn, ftyp, pngBomb, pngChunk, pngHeader, pngOf } from './photos.ts';

export interface HostileFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What becomes of it; several where libvips' leniency decides. */
  readonly outcomes: readonly (ErrorCode | 'drawn')[];
}

const text = (content: string) => Buffer.from(content);
const SVG = 'xmlns="http://www.w3.org/2000/svg"';

export async function hostileFiles(): Promise<HostileFile[]> {
  const files: HostileFile[] = [];
  const add = (name: string, bytes: Uint8Array, ...outcomes: (ErrorCode | 'drawn')[]) =>
    files.push({ name, bytes, outcomes });
  const portrait = sharp(await astronaut()).resize(160, 160);
  const jpeg = await portrait.clone().jpeg().toBuffer();
  const png = await portrait.clone().png().toBuffer();
  const webp = await portrait.clone().webp().toBuffer();
  const gif = await portrait.clone().gif().toBuffer();
  const avif = await portrait.clone().avif({ effort: 0 }).toBuffer();

  // Size and type. Names and announced types are ignored, so "PNG named .jpg" is simply a PNG.
  add('0 bytes', new Uint8Array(), 'unsupported_format');
  add('1 byte', text('\xff'), 'unsupported_format');
  add('text', text('this is photo.jpg'), 'unsupported_format');
  add('HTML', text('<!doctype html><title>image.png</title>'), 'unsupported_format');
  add('PDF', text('%PDF-1.7\n%âãÏÓ\n1 0 obj\n<<>>\nendobj'), 'unsupported_format');
  add('EPS', text('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(r) run'), 'unsupported_format');
  add('PSD', text(`8BPS\0\x01${'\0'.repeat(60)}`), 'unsupported_format');
  add('TIFF', await portrait.clone().tiff().toBuffer(), 'unsupported_format');
  add('BMP', text(`BM${'\0'.repeat(64)}`), 'unsupported_format');
  add('JPEG 2000', text('\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 '), 'unsupported_format');
  add('ICO', Buffer.from([0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0]), 'unsupported_format');

  // Broken.
  const whole = { JPEG: jpeg, PNG: png, GIF: gif, WebP: webp, AVIF: avif };
  for (const [format, bytes] of Object.entries(whole)) {
    const lenient = format === 'GIF' ? (['drawn'] as const) : [];
    add(`${format}, 10 %`, cut(bytes, 0.1), 'broken_image', ...lenient);
    add(`${format}, 50 %`, cut(bytes, 0.5), 'broken_image', ...lenient);
    // The last percent may hold nothing but the end marker.
    add(`${format}, 99 %`, cut(bytes, 0.99), 'broken_image', 'drawn');
  }
  add(
    'JPEG, junk between markers',
    insert(jpeg, afterFirst(jpeg), Buffer.from([0, 1, 2, 3, 0xff, 0xff])),
    'drawn',
    'broken_image',
  );
  add('JPEG, a header of zeros', zeroed(jpeg, 4, 24), 'broken_image', 'drawn');
  add('PNG, a header of zeros', zeroed(png, 12, 16), 'broken_image');
  add('PNG, a wrong checksum', flipped(png, 29), 'broken_image');
  add('WebP, a length that lies', flipped(webp, 7), 'broken_image', 'drawn');
  add('GIF, no frames', Buffer.concat([gif.subarray(0, 13), text(';')]), 'broken_image');
  add('AVIF, nothing in it', ftyp('avif', 'mif1'), 'broken_image');
  add('AVIF sequence, nothing in it', ftyp('avis', 'avif', 'msf1'), 'unsupported_format');

  // Bombs.
  add('PNG, 65536 x 65536', pngBomb(65536, 65536), 'too_many_pixels');
  add('PNG, 16384 x 16384, flat and complete', flatPng(16384, 16384), 'too_many_pixels');
  add('PNG, 2^31-1 x 1', pngBomb(2 ** 31 - 1, 1), 'too_many_pixels', 'broken_image');
  add('progressive JPEG, 65500 x 65500', await jpegOfSize(65500, 65500), 'too_many_pixels');
  add('progressive JPEG, 7000 x 7000 and no data', await jpegOfSize(7000, 7000), 'broken_image', 'drawn');
  add(
    'PNG, zTXt bomb',
    pngWith(png, 'zTXt', Buffer.concat([text('a\0\0'), zeros(64)])),
    'drawn',
    'broken_image',
  );
  add(
    'PNG, iTXt bomb',
    pngWith(png, 'iTXt', Buffer.concat([text('a\0\x01\0\0\0'), zeros(64)])),
    'drawn',
    'broken_image',
  );
  add(
    'PNG, iCCP bomb',
    pngWith(png, 'iCCP', Buffer.concat([text('a\0\0'), zeros(64)])),
    'drawn',
    'broken_image',
  );

  // Shapes.
  const shape = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#a52' } })
      .png()
      .toBuffer();
  add('30000 x 1', await shape(30000, 1), 'drawn');
  add('1 x 30000', await shape(1, 30000), 'drawn');
  add('1 x 1', await shape(1, 1), 'drawn');

  // Frames.
  const frames = await animation(64, 48, 4);
  add('animated GIF', frames, 'drawn');
  add('animated WebP', await sharp(frames, { animated: true }).webp().toBuffer(), 'drawn');
  add('APNG', apng(png), 'drawn');

  // Colour.
  add('CMYK JPEG', await portrait.clone().toColourspace('cmyk').jpeg().toBuffer(), 'drawn');
  add(
    'CMYK JPEG without its Adobe mark',
    unmarked(await portrait.clone().toColourspace('cmyk').jpeg().toBuffer()),
    'drawn',
  );
  add('grey JPEG', await portrait.clone().greyscale().jpeg().toBuffer(), 'drawn');
  add(
    '1 bit',
    await portrait.clone().greyscale().threshold().png({ palette: true, colours: 2 }).toBuffer(),
    'drawn',
  );
  add(
    '16 bits with alpha',
    await portrait.clone().ensureAlpha(0.5).toColourspace('rgb16').png().toBuffer(),
    'drawn',
  );
  add(
    'palette with transparency',
    await portrait.clone().ensureAlpha(0.4).png({ palette: true }).toBuffer(),
    'drawn',
  );
  add('straight alpha', await portrait.clone().ensureAlpha(0).webp({ lossless: true }).toBuffer(), 'drawn');
  add('Display P3', await portrait.clone().withIccProfile('p3').jpeg().toBuffer(), 'drawn');
  add('a CMYK profile in an RGB file', await misprofiled(jpeg), 'drawn');
  add(
    'a profile of noise',
    pngWith(png, 'iCCP', Buffer.concat([text('x\0\0'), deflateSync(text('no profile'))])),
    'drawn',
    'broken_image',
  );

  // Metadata.
  for (const format of ['jpeg', 'webp', 'png', 'avif'] as const) {
    const turned = await drawn(90, 60).withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
    add(`EXIF orientation in ${format}`, turned, 'drawn');
  }
  const exif = Buffer.from([0xff, 0xe1, 0, 10, 0x45, 0x78, 0x69, 0x66, 0, 0, 0xff, 0xff]);
  add('several broken EXIF blocks', insert(jpeg, 2, Buffer.concat([exif, exif, exif])), 'drawn');
  add(
    'an EXIF that is longer than the file',
    insert(jpeg, 2, Buffer.from([0xff, 0xe1, 0xff, 0xff, 0x45])),
    'broken_image',
    'drawn',
  );

  // Containers.
  add('HEIC', ftyp('heic', 'mif1', 'heic'), 'heic');
  add('HEIF without a codec', ftyp('mif1'), 'heic');
  add('AVIF', avif, 'drawn');
  // A gain map (Ultra HDR) is a second JPEG behind the first.
  add('JPEG with a gain map', Buffer.concat([jpeg, jpeg]), 'drawn');

  // Active content and chimeras.
  add('SVG with a script', text(`<svg ${SVG}><script>alert(1)</script></svg>`), 'unsupported_format');
  add(
    'SVG with an external image',
    text(`<svg ${SVG}><image href="http://127.0.0.1/x.png"/></svg>`),
    'unsupported_format',
  );
  add('SVG with a file', text(`<svg ${SVG}><image href="file:///etc/passwd"/></svg>`), 'unsupported_format');
  add(
    'SVG, XXE',
    text(`<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg ${SVG}>&x;</svg>`),
    'unsupported_format',
  );
  const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
    '',
  );
  add(
    'SVG, billion laughs',
    text(`<!DOCTYPE s [<!ENTITY l0 "lol">${laughs}]><svg ${SVG}>&l9;</svg>`),
    'unsupported_format',
  );
  add('JPEG with a ZIP', Buffer.concat([jpeg, text('PK\x03\x04\x14\0\0\0 and more')]), 'drawn');
  add('GIFAR', Buffer.concat([gif, text('PK\x03\x04META-INF/MANIFEST.MF')]), 'drawn');
  const comment = text('<script>alert(1)</script>');
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, comment.length + 2]), comment]);
  add('JPEG with HTML', insert(jpeg, 2, segment), 'drawn');
  add('HTML with a JPEG', Buffer.concat([text('<html>'), jpeg]), 'unsupported_format');
  return files;
}

function insert(file: Buffer, at: number, more: Buffer): Buffer {
  return Buffer.concat([file.subarray(0, at), more, file.subarray(at)]);
}

/** Behind the first segment of a JPEG. */
function afterFirst(jpeg: Buffer): number {
  return 4 + jpeg.readUInt16BE(4);
}

function zeroed(file: Buffer, from: number, length: number): Buffer {
  return Buffer.from(file).fill(0, from, from + length);
}

function flipped(file: Buffer, at: number): Buffer {
  const copy = Buffer.from(file);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

/** So many megabytes of nothing, compressed to a thousandth. */
function zeros(megabytes: number): Buffer {
  return deflateSync(Buffer.alloc(megabytes * 1024 * 1024));
}

/** A PNG with one more chunk behind its header. */
function pngWith(png: Buffer, type: string, data: Buffer): Buffer {
  return insert(png, 33, pngChunk(type, data));
}

/** Complete and correct: 16384 x 16384 grey pixels in 260 kB. */
function flatPng(width: number, height: number): Buffer {
  const data = pngChunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height)));
  return pngOf(pngHeader(width, height, 0), data, pngChunk('IEND'));
}

/** A progressive JPEG whose frame header claims a size (SOF2: marker, length, precision, height, width). */
async function jpegOfSize(width: number, height: number): Promise<Buffer> {
  const jpeg = await drawn(64, 64).jpeg({ progressive: true }).toBuffer();
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc2]));
  jpeg.writeUInt16BE(height, at + 5);
  jpeg.writeUInt16BE(width, at + 7);
  return jpeg;
}

/** Two frames, the second a copy of the first (APNG specification: acTL, fcTL, fdAT). */
function apng(png: Buffer): Buffer {
  const size = png.subarray(16, 24);
  const control = (sequence: number) => {
    const data = Buffer.alloc(26);
    data.writeUInt32BE(sequence, 0);
    data.set(size, 4);
    data.writeUInt16BE(1, 20);
    data.writeUInt16BE(10, 22);
    return pngChunk('fcTL', data);
  };
  const start = png.indexOf('IDAT') - 4;
  const length = png.readUInt32BE(start);
  const image = png.subarray(start + 8, start + 8 + length);
  const frames = pngChunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]));
  const second = pngChunk('fdAT', Buffer.concat([Buffer.from([0, 0, 0, 2]), image]));
  const end = png.indexOf('IEND') - 4;
  return Buffer.concat([
    png.subarray(0, start),
    frames,
    control(0),
    png.subarray(start, end),
    control(1),
    second,
    png.subarray(end),
  ]);
}

/** Without the APP14 segment that says how the inks are stored; many old programs write none. */
function unmarked(jpeg: Buffer): Buffer {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xee]));
  if (at < 0) return jpeg;
  const length = jpeg.readUInt16BE(at + 2);
  return Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 2 + length)]);
}

async function misprofiled(jpeg: Buffer): Promise<Buffer> {
  const cmyk = await sharp(jpeg).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer();
  const profile = (await sharp(cmyk).metadata()).icc ?? Buffer.alloc(0);
  // APP2 holds up to 64 kB; a first part is what a damaged file has.
  const data = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), profile.subarray(0, 60_000)]);
  const head = Buffer.from([0xff, 0xe2, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return insert(jpeg, 2, Buffer.concat([head, data]));
}
