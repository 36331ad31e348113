/**
 * What stands in the place of sharp where the drawing runs in a browser: the part of its interface that the shared files of
 * `src/inference` use, on raw pictures (the build puts it there, `scripts/device.ts`; `tsconfig.json` here checks them against it).
 */
import type { Box, RawImage } from '../../../inference/image/raw-image.ts';
import { blurred, resized } from './resample.ts';

interface RawInput {
  readonly raw: { readonly width: number; readonly height: number; readonly channels: 1 | 3 | 4 };
}

interface Borders {
  readonly left?: number;
  readonly top?: number;
  readonly right?: number;
  readonly bottom?: number;
  readonly extendWith?: 'mirror';
  readonly background?: '#000' | { readonly r: number; readonly g: number; readonly b: number };
}

interface Layer extends RawInput {
  readonly input: Uint8Array;
}

interface Rendered {
  readonly data: Uint8Array;
  readonly info: { readonly width: number; readonly height: number; readonly channels: 1 | 3 | 4 };
}

/** A picture of up to four channels. */
type Pixels = Omit<RawImage, 'channels'> & { readonly channels: 1 | 3 | 4 };
type Step = (picture: Pixels) => Pixels;

/** Steps that are taken in the order in which they are named, when the result is asked for. */
export class Sharp {
  readonly #source: Pixels;
  readonly #steps: Step[] = [];

  constructor(data: Uint8Array, { raw }: RawInput) {
    this.#source = { data, ...raw };
  }

  extract(box: Box): this {
    return this.#then((picture) => extracted(picture, box));
  }

  resize(width: number, height: number, _options: { readonly fit: 'fill' }): this {
    return this.#then((picture) => resized(picture as RawImage, { width, height }));
  }

  extend(borders: Borders): this {
    return this.#then((picture) => extended(picture, borders));
  }

  /** @param degrees clockwise; 90, 180 or 270 */
  rotate(degrees: number): this {
    return this.#then((picture) => turned(picture, degrees));
  }

  blur(sigma: number): this {
    return this.#then((picture) => blurred(picture as RawImage, sigma));
  }

  /** @param alpha 0..1, for a picture without */
  ensureAlpha(alpha: number): this {
    return this.#then(({ data, ...size }) => {
      const out = new Uint8Array(size.width * size.height * 4).fill(Math.round(255 * alpha));
      for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
        out.set(data.subarray(from, from + 3), to);
      }
      return { ...size, channels: 4, data: out };
    });
  }

  removeAlpha(): this {
    return this;
  }

  /** Layers of equal size, each over what is below. */
  composite(layers: readonly Layer[]): this {
    return this.#then((picture) => layers.reduce((below, layer) => over(below, layer.input), picture));
  }

  toColourspace(_space: 'b-w'): this {
    return this.#then((picture) => (picture.channels === 1 ? picture : grey(picture)));
  }

  raw(): this {
    return this;
  }

  toBuffer(): Promise<Uint8Array>;
  toBuffer(options: { readonly resolveWithObject: true }): Promise<Rendered>;
  async toBuffer(options?: { readonly resolveWithObject: true }): Promise<Uint8Array | Rendered> {
    const { data, ...info } = this.#steps.reduce((picture, step) => step(picture), this.#source);
    return options ? { data, info } : data;
  }

  #then(step: Step): this {
    this.#steps.push(step);
    return this;
  }
}

/** As `sharp(data, { raw })`. */
export default function sharp(data: Uint8Array, options: RawInput): Sharp {
  return new Sharp(data, options);
}

function extracted({ data, width, channels }: Pixels, box: Box): Pixels {
  const out = new Uint8Array(box.width * box.height * channels);
  for (let y = 0; y < box.height; y++) {
    const start = ((box.top + y) * width + box.left) * channels;
    out.set(data.subarray(start, start + box.width * channels), y * box.width * channels);
  }
  return { data: out, width: box.width, height: box.height, channels };
}

function extended(picture: Pixels, borders: Borders): Pixels {
  const { left = 0, top = 0, right = 0, bottom = 0, extendWith, background } = borders;
  const { data, channels } = picture;
  const [width, height] = [picture.width + left + right, picture.height + top + bottom];
  const out = new Uint8Array(width * height * channels);
  if (extendWith === undefined) {
    if (typeof background === 'object') out.fill(background.r);
    for (let y = 0; y < picture.height; y++) {
      const row = data.subarray(y * picture.width * channels, (y + 1) * picture.width * channels);
      out.set(row, ((y + top) * width + left) * channels);
    }
    return { data: out, width, height, channels };
  }
  const columns = Array.from({ length: width }, (_, x) => mirrored(x - left, picture.width) * channels);
  for (let y = 0, to = 0; y < height; y++) {
    const from = mirrored(y - top, picture.height) * picture.width * channels;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) out[to++] = data[from + (columns[x] as number) + c] as number;
    }
  }
  return { data: out, width, height, channels };
}

/** An index beyond an edge goes back from it; the sample at the edge counts twice. */
function mirrored(index: number, length: number): number {
  const place = ((index % (2 * length)) + 2 * length) % (2 * length);
  return place < length ? place : 2 * length - 1 - place;
}

function turned({ data, width, height, channels }: Pixels, degrees: number): Pixels {
  if (degrees % 360 === 0) return { data, width, height, channels };
  const size = degrees === 180 ? { width, height } : { width: height, height: width };
  const out = new Uint8Array(data.length);
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] =
        degrees === 90
          ? [height - 1 - y, x]
          : degrees === 180
            ? [width - 1 - x, height - 1 - y]
            : [y, width - 1 - x];
      const to = (row * size.width + column) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = data[from++] as number;
    }
  }
  return { data: out, ...size, channels };
}

/** @param layer RGBA, as large as the RGB picture below */
function over(below: Pixels, layer: Uint8Array): Pixels {
  const out = new Uint8ClampedArray(below.data.length);
  for (let at = 0, from = 0; at < out.length; at += 3, from += 4) {
    const alpha = (layer[from + 3] as number) / 255;
    for (let c = 0; c < 3; c++) {
      const under = below.data[at + c] as number;
      out[at + c] = under + alpha * ((layer[from + c] as number) - under);
    }
  }
  return { ...below, data: new Uint8Array(out.buffer) };
}

/** Luminance of sRGB (IEC 61966-2-1) as sRGB's grey. */
function grey({ data, width, height }: Pixels): Pixels {
  const light = Float32Array.from({ length: 256 }, (_, level) => linear(level / 255));
  /** Finely enough that the darkest levels are hit. */
  const steps = 16_384;
  const levels = Uint8Array.from({ length: steps + 1 }, (_, i) => Math.round(255 * curved(i / steps)));
  const out = new Uint8Array(width * height);
  for (let i = 0, from = 0; i < out.length; i++, from += 3) {
    const luminance =
      0.2126 * (light[data[from] as number] as number) +
      0.7152 * (light[data[from + 1] as number] as number) +
      0.0722 * (light[data[from + 2] as number] as number);
    out[i] = levels[Math.round(luminance * steps)] as number;
  }
  return { data: out, width, height, channels: 1 };
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function curved(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}
