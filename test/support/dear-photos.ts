/** Small files that are large or slow to decode. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { astronaut, pngChunk } from './photos.ts';

/** 49 megapixels of one colour in 2 kB: decoded without a bound it takes a gigabyte. */
export function flatAvif(): Promise<Buffer> {
  const create = { width: 7000, height: 7000, channels: 3, background: '#369' } as const;
  return sharp({ create }).avif({ effort: 0 }).toBuffer();
}

/** A portrait with 4.9 MB of compressed text, which takes many seconds to inflate. */
export async function pngOfTexts(): Promise<Buffer> {
  const zeros = deflateSync(Buffer.alloc(12 * 1024 * 1024));
  const chunk = pngChunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), zeros]));
  const portrait = await astronaut();
  const chunks = Array.from({ length: Math.floor(4.9e6 / chunk.length) }, () => chunk);
  return Buffer.concat([portrait.subarray(0, 33), ...chunks, portrait.subarray(33)]);
}
