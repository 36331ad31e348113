/** What the supervisor and an inference child say to each other (structured clone; photos travel as bytes). */
import type { ErrorCode } from '../../shared/errors.ts';
import type { CartoonizeRequest } from '../pipeline.ts';
import type { Cartoon, FaceCount, Stage } from '../types.ts';

export type ToChild =
  | { readonly type: 'run'; readonly id: number; readonly request: CartoonizeRequest }
  | { readonly type: 'cancel'; readonly id: number }
  /** Finish what runs, then exit. */
  | { readonly type: 'close' };

/** `rss`: resident memory of the child in bytes. */
export type FromChild =
  | { readonly type: 'ready'; readonly rss: number }
  /** The child cannot work at all; it exits after this. */
  | { readonly type: 'unfit'; readonly message: string }
  | { readonly type: 'stage'; readonly id: number; readonly stage: Stage; readonly faces?: FaceCount }
  | { readonly type: 'done'; readonly id: number; readonly rss: number; readonly cartoon: Cartoon }
  | { readonly type: 'failed'; readonly id: number; readonly rss: number; readonly error: PlainError };

/** A `DctoonError` on the wire. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number>>;
  readonly stack: string | undefined;
}
