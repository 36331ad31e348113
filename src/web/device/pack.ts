/** What a browser needs to draw by itself, as `GET /device/pack.json` lists it; and what page and worker say to each other. */

import type { FaceCount, Note, Stage } from '../../inference/types.ts';
import type { ErrorCode } from '../../shared/errors.ts';

/** A file under an address that changes with it. */
export interface PackFile {
  readonly url: string;
  /** Uncompressed. */
  readonly bytes: number;
}

export interface PackStyle {
  readonly id: string;
  readonly monochrome: boolean;
  readonly head: PackFile;
  /** Draws whole pictures; absent where the same network draws both. */
  readonly scene?: PackFile;
}

export interface Pack {
  /** The script of the Web Worker. */
  readonly worker: PackFile;
  /** ONNX Runtime as WebAssembly. */
  readonly runtime: PackFile;
  readonly faceDetector: PackFile;
  readonly faceMesh: PackFile;
  readonly blendMask: PackFile;
  readonly styles: readonly PackStyle[];
}

export type ToWorker =
  | { readonly type: 'open'; readonly pack: Pack; readonly threads: number }
  | {
      readonly type: 'draw';
      readonly id: string;
      readonly photo: Blob;
      readonly style: string;
      /** Per cent, see `src/inference/drawing/strength.ts`. */
      readonly strength?: number;
    }
  | { readonly type: 'cancel'; readonly id: string };

export type FromWorker =
  | { readonly type: 'stage'; readonly id: string; readonly stage: Stage; readonly faces?: FaceCount }
  | {
      readonly type: 'done';
      readonly id: string;
      /** A JPEG. */
      readonly picture: Blob;
      readonly width: number;
      readonly height: number;
      readonly faces: number;
      readonly notes: readonly Note[];
    }
  | {
      readonly type: 'failed';
      readonly id: string;
      readonly code: ErrorCode | 'offline';
      readonly details: Readonly<Record<string, string | number>>;
      /** For the console of whoever looks into it. */
      readonly message: string;
    };
