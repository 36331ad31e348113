/** Photos for tests: the two real ones of `test/fixtures`, and generated ones, odd and hostile. */
import { readFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

const FIXTURES = new URL('../fixtures/', import.meta.url);

/** One face, 512 x 512. */
export async function astronaut(): Promise<Buffer> {
  return await readFile(new URL('astronaut.png', FIXTURES));
}

/** No face, 640 x 427, a JPEG. */
export async function rocket(): Promise<Buffer> {
  return await readFile(new URL('rocket.jpg', FIXTURES));
}

/** The astronaut `count` times side by side, every second one mirrored; count x 512 wide. */
export async function row(count: number): Promise<Buffer> {
  const [face, mirrored] = [
    await astronaut(),
    await sharp(await astronaut())
      .flop()
      .toBuffer(),
  ];
  const faces = Array.from({ length: count }, (_, i) => ({
    input: i % 2 === 0 ? face : mirrored,
    left: i * 512,
    top: 0,
  }));
  const background = { width: count * 512, height: 512, channels: 3 as const, background: '#888' };
  return await sharp({ create: background }).composite(faces).png().toBuffer();
}

/** A smooth colour picture without symmetry, so that every turn and mirroring of it differs; as a sharp pipeline. */
export function drawn(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      data[at] = (255 * x) / width;
      data[at + 1] = (255 * y) / height;
      data[at + 2] = 255 - (255 * x * y) / (width * height);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** `drawn` as it looks when a camera stored it turned: `orientation` 1..8 is the EXIF tag that sets it upright again. */
export async function turned(width: number, height: number, orientation: number): Promise<Buffer> {
  // The inverse of what the tag asks for (EXIF 2.3, tag 0x0112).
  const upright = await drawn(width, height).png().toBuffer();
  const inverse: Record<number, (image: Sharp) => Sharp> = {
    1: (image) => image,
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    5: (image) => image.rotate(270).flop(),
    6: (image) => image.rotate(270),
    7: (image) => image.rotate(90).flop(),
    8: (image) => image.rotate(90),
  };
  // sharp mirrors before it turns, whatever the order of the calls.
  const stored = await (inverse[orientation] as (image: Sharp) => Sharp)(sharp(upright)).png().toBuffer();
  return await sharp(stored).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
}

/** The first part of a file. */
export function cut(file: Uint8Array, part: number): Uint8Array {
  return file.subarray(0, Math.floor(file.length * part));
}

/** One chunk of a PNG: length, type, data, checksum. */
export function pngChunk(type: string, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A PNG made of these chunks. */
export function pngOf(...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

/** The header of a PNG of 8 bits a sample; `colour` 2 = RGB, 0 = grey (PNG specification, section 11.2.1). */
export function pngHeader(width: number, height: number, colour = 2): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colour, 0, 0, 0], 8);
  return pngChunk('IHDR', header);
}

/** A PNG whose header claims a size, with hardly any data: a bomb for whoever allocates before looking. */
export function pngBomb(width: number, height: number): Buffer {
  const data = pngChunk('IDAT', deflateSync(Buffer.alloc(1 << 16)));
  return pngOf(pngHeader(width, height), data, pngChunk('IEND'));
}

/** An animated GIF, from black in even steps to white. (Frames that are nearly alike would be joined by the encoder.) */
export async function animation(width: number, height: number, frames: number): Promise<Buffer> {
  const pages = await Promise.all(
    Array.from({ length: frames }, async (_, i) => {
      const grey = Math.round((255 * i) / (frames - 1));
      const background = { r: grey, g: grey, b: grey };
      return await sharp({ create: { width, height, channels: 3, background } })
        .png()
        .toBuffer();
    }),
  );
  return await sharp(pages, { join: { animated: true } })
    .gif()
    .toBuffer();
}

/** The first bytes of an ISO media file with the given brands; nothing behind them. */
export function ftyp(...brands: string[]): Buffer {
  const [major = 'xxxx', ...compatible] = brands;
  const body = Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([length, body, Buffer.alloc(64)]);
}

/** Mean absolute difference of two pictures' samples, 0..255; both decoded as 8-bit sRGB and of the same size. */
export async function meanDifference(one: Uint8Array | Sharp, other: Uint8Array | Sharp): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map(async (picture) => {
      const pipeline = picture instanceof Uint8Array ? sharp(picture) : picture.clone();
      return await pipeline.removeAlpha().toColourspace('srgb').raw().toBuffer();
    }),
  );
  if (!a || !b || a.length !== b.length) throw new Error('pictures of different sizes');
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length;
}
