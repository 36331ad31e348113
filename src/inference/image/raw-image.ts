/** Raw pictures, and what libvips (through sharp) does with them. Loops over pixels are theirs and WebAssembly's. */
import sharp, { type Sharp } from 'sharp';

/** uint8 samples 0..255, rows from the top, channels interleaved: RGB (3) or grey (1). */
export interface RawImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle of whole pixels. */
export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** A sharp pipeline that reads `picture` without copying it. */
export function open({ data, width, height, channels }: RawImage): Sharp {
  const pipeline = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? pipeline.toColourspace('b-w') : pipeline;
}

/** Runs a pipeline to raw samples. */
export async function render(pipeline: Sharp): Promise<RawImage> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3) {
    throw new Error(`expected 1 or 3 channels, got ${info.channels}`);
  }
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** Its brightness, as one channel. */
export async function grey(picture: RawImage): Promise<RawImage> {
  return await render(open(picture).toColourspace('b-w'));
}

/** `picture` at another size, whatever its proportions: Lanczos 3 down, bicubic up (libvips' choice). */
export async function resize(picture: RawImage, { width, height }: Size): Promise<RawImage> {
  if (width === picture.width && height === picture.height) return picture;
  return await render(open(picture).resize(width, height, { fit: 'fill' }));
}

/** A part of a picture, resized likewise. */
export async function resizedPart(picture: RawImage, box: Box, { width, height }: Size): Promise<RawImage> {
  return await render(open(picture).extract(box).resize(width, height, { fit: 'fill' }));
}

/** The part of `box` that lies inside a picture of `size`; undefined when there is none. */
export function clip(box: Box, size: Size): Box | undefined {
  const left = Math.max(0, box.left);
  const top = Math.max(0, box.top);
  const width = Math.min(size.width, box.left + box.width) - left;
  const height = Math.min(size.height, box.top + box.height) - top;
  return width > 0 && height > 0 ? { left, top, width, height } : undefined;
}

/** A picture of one grey value. */
export function blank({ width, height }: Size, channels: 1 | 3, value: number): RawImage {
  return { data: new Uint8Array(width * height * channels).fill(value), width, height, channels };
}
