/** A cartoon engine for tests of what is around it: fast, countable, and stoppable. */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type {
  Cartoon,
  CartoonEngine,
  CartoonizeOptions,
  PhotoFormat,
  Style,
} from '../../../src/inference/types.ts';
import { DctoonError } from '../../../src/shared/errors.ts';

const style = (id: string, title: string): Style => ({
  id,
  title,
  titles: { de: `${title} (de)` },
  description: `${title} look`,
  descriptions: { de: `Wie ${title}` },
});

export const STYLES: readonly Style[] = [
  style('3d', '3D'),
  style('anime', 'Anime'),
  style('handdrawn', 'Hand-drawn'),
  style('sketch', 'Sketch'),
];

const TIMINGS = { decode: 0, faces: 0, style: 0, blend: 0, encode: 0, total: 0 };

export class FakeEngine implements CartoonEngine {
  readonly styles = STYLES;
  /** Every run: its style and the SHA-256 of the photo. */
  readonly runs: {
    readonly style: string;
    readonly strength?: number;
    readonly as?: string;
    readonly photo: string;
  }[] = [];
  faces = 1;
  /** Overrides for single cases. */
  result: Partial<Cartoon> | undefined;
  error: DctoonError | undefined;
  running = 0;
  mostRunning = 0;
  #gate: Promise<void> | undefined;
  #open: () => void = () => {};

  /** Runs wait until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
    this.#gate = undefined;
  }

  async cartoonize(photo: Uint8Array, options: CartoonizeOptions): Promise<Cartoon> {
    const { style, strength, as } = options;
    this.runs.push({
      style,
      photo: sha256(photo),
      ...(strength !== undefined && { strength }),
      ...(as !== undefined && { as }),
    });
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    try {
      if (this.#gate) await Promise.race([this.#gate, aborted(options.signal)]);
      if (options.signal?.aborted) throw new DctoonError('cancelled');
      if (this.error) throw this.error;
      const { format = 'jpeg' } = options;
      const image = await picture(options.style, 96, 72, format);
      const cartoon: Cartoon = { image, format, width: 96, height: 72, faces: this.faces, timings: TIMINGS };
      return { ...cartoon, ...this.result };
    } finally {
      this.running--;
    }
  }

  async close(): Promise<void> {}
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}

/** A small real picture whose colour depends on `seed`, so that different seeds give different bytes. */
export function picture(
  seed: string,
  width = 160,
  height = 120,
  format: PhotoFormat = 'jpeg',
): Promise<Buffer> {
  const [r = 0, g = 0, b = 0] = createHash('sha256').update(seed).digest();
  const channels = 3 as const;
  return sharp({ create: { width, height, channels, background: { r, g, b } } })
    .toFormat(format)
    .toBuffer();
}
