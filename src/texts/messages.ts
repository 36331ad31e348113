/** The type of a message table, read off the English one: other languages must have every key, and no other. */
import type { ErrorCode } from '../shared/errors.ts';
import type { en } from './en.ts';

/** What an error sentence may mention. The limits are always there; a wait only when it is known. */
export interface ErrorNumbers {
  readonly megabytes: number;
  readonly megapixels: number;
  readonly limit: number;
  readonly seconds: number | undefined;
}

type Widen<T> = T extends (details: infer D) => string
  ? (details: D) => string
  : T extends string
    ? string
    : { readonly [K in keyof T]: Widen<T[K]> };

export type Messages = Widen<Omit<typeof en, 'errors'>> & {
  readonly errors: Readonly<Record<ErrorCode, (details: ErrorNumbers) => string>>;
};
