/** The finished picture as a file. Raw samples carry no metadata, so none can leave. */
import type { Sharp } from 'sharp';
import type { PhotoFormat } from '../types.ts';
import { open, type RawImage, resize, type Size } from './raw-image.ts';
import { transparent } from './transparent.ts';

/** For encodings without loss, which know no quality. */
export const ONE_QUALITY = [100] as const;
/** Tried in turn when a picture is over the bound. The first ones look alike: each format counts in its own way. */
const QUALITIES: Readonly<Record<PhotoFormat, readonly number[]>> = {
  jpeg: [92, 85, 75, 65],
  png: ONE_QUALITY,
  webp: [90, 82, 72, 62],
  avif: [75, 65, 55, 45],
};
/** Pixels a side that the format can have; libwebp: WEBP_MAX_DIMENSION. */
const LONGEST: Readonly<Partial<Record<PhotoFormat, number>>> = { webp: 16_383 };
/** Then the picture shrinks by this factor per step; one without loss at once. */
const SHRINK = 0.8;

export interface Encoded {
  readonly image: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Writes a picture: JPEG at quality 92 or AVIF at 75 with full chroma (line art suffers from subsampling first), WebP at 90
 * with halved chroma, or PNG. With `maxBytes`, the quality and then the size go down until the file fits.
 * `alpha` is the picture's transparency, one channel of any size; JPEG has none.
 *
 * Without mozjpeg and optimised Huffman tables: they take 7 and 2 times longer for 20 and 4 % smaller files.
 * The PNG settings halve the file of level 1 without filters for 1.7 times its time. WebP and AVIF are written with little
 * effort: more takes several times longer for a few per cent.
 */
export async function encode(
  picture: RawImage,
  format: PhotoFormat,
  maxBytes = Number.POSITIVE_INFINITY,
  alpha?: RawImage,
): Promise<Encoded> {
  const { width, height } = picture;
  const scale = Math.min(1, (LONGEST[format] ?? Number.POSITIVE_INFINITY) / Math.max(width, height));
  const size = {
    width: Math.max(1, Math.floor(width * scale)),
    height: Math.max(1, Math.floor(height * scale)),
  };
  return await fitting(size, maxBytes, QUALITIES[format], async (place, quality) => {
    const pipeline = alpha
      ? await transparent(await resize(picture, place), await resize(alpha, place))
      : open(picture).resize(place.width, place.height, { fit: 'fill' });
    return await encoder(pipeline, format, quality).toBuffer();
  });
}

/**
 * Writes a file that fits: at each size in every quality, best first, then at a smaller size.
 * @param size the largest, in pixels
 * @param write makes the file
 */
export async function fitting(
  size: Size,
  maxBytes: number,
  qualities: readonly number[],
  write: (size: Size, quality: number) => Promise<Uint8Array>,
): Promise<Encoded> {
  for (let { width, height } = size; ; width = shrunk(width), height = shrunk(height)) {
    for (const quality of qualities) {
      const image = await write({ width, height }, quality);
      if (image.length <= maxBytes || (width === 1 && height === 1)) return { image, width, height };
    }
  }
}

function encoder(pipeline: Sharp, format: PhotoFormat, quality: number): Sharp {
  switch (format) {
    case 'png':
      return pipeline.png({ compressionLevel: 2, adaptiveFiltering: true });
    case 'webp':
      return pipeline.webp({ quality, effort: 2 });
    case 'avif':
      return pipeline.avif({ quality, effort: 2, chromaSubsampling: '4:4:4' });
    case 'jpeg':
      return pipeline.jpeg({ quality, chromaSubsampling: '4:4:4', optimiseCoding: false, mozjpeg: false });
  }
}

function shrunk(side: number): number {
  return Math.max(1, Math.floor(side * SHRINK));
}
