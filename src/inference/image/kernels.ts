/** The compiled loops of `kernels/`, and the memory they work in. */
import { KERNELS } from './kernels.wasm.ts';

/** What is used of it here; the types of Node leave it out. */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Module {
    constructor(code: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: unknown;
  }
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  stride(width: number): number;
  brightness(picture: number, plane: number, width: number, height: number): void;
  regress(x: number, y: number, width: number, height: number, sums: number, plane: number): void;
  smooth(plane: number, width: number, height: number, line: number, out: number): void;
  bound(
    photo: number,
    cartoon: number,
    width: number,
    height: number,
    cell: number,
    limit: number,
    grid: number,
    line: number,
  ): void;
  fit(photo: number, cartoon: number, gains: number, drawing: number, count: number): void;
  row(
    above: number,
    below: number,
    down: number,
    width: number,
    line: number,
    columns: number,
    photo: number,
    out: number,
    count: number,
  ): void;
  guided(
    guide: number,
    mask: number,
    width: number,
    height: number,
    radius: number,
    epsilon: number,
    low: number,
    high: number,
    planes: number,
    out: number,
  ): void;
  sampleRow(
    picture: number,
    width: number,
    height: number,
    u: number,
    v: number,
    stepU: number,
    stepV: number,
    out: number,
    count: number,
  ): void;
  headRow(
    drawing: number,
    mask: number,
    width: number,
    height: number,
    u: number,
    v: number,
    stepU: number,
    stepV: number,
    canvas: number,
    photo: number,
    out: number,
    count: number,
  ): void;
}

const PAGE = 65536;
/** Kernels read and write whole vectors, and so beyond the end of what they are given. */
const SLACK = 16;

/** A place in a picture as the kernels want it: 65536ths of a pixel. */
export function fixedPoint(value: number): number {
  return Math.round(value * 65536);
}

/** `Buffer` would be shorter; browsers have none. */
function codeOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export class Kernels {
  readonly run: Omit<Exports, 'memory'>;
  readonly #exports: Exports;

  constructor() {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(codeOf(KERNELS)));
    this.#exports = instance.exports as Exports;
    this.run = this.#exports;
  }

  /** Addresses of areas of so many bytes each, until the next call. What they hold is undefined. */
  areas<Sizes extends readonly number[]>(...sizes: Sizes): { [Index in keyof Sizes]: number } {
    const { memory } = this.#exports;
    let end = SLACK; // the kernels keep nothing in it themselves
    const starts = sizes.map((size) => {
      const start = end;
      end = (start + size + 2 * SLACK - 1) & -SLACK;
      return start;
    });
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return starts as { [Index in keyof Sizes]: number };
  }

  /** A view of the memory from `start`; it is gone after the next `areas`. */
  bytes(start: number, length: number): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer, start, length);
  }

  write(start: number, data: Uint8Array | Float32Array | Int32Array): void {
    this.bytes(start, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}
