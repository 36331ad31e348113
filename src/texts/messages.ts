/** The type of a message table, read off the English one: other languages must have every key, and no other. */
import type { ErrorCode } from '../shared/errors.ts';
import type { en } from './en.ts';
import type { ErrorNumbers } from './types.ts';

type Widen<T> = T extends (details: infer D) => string
  ? (details: D) => string
  : T extends string
    ? string
    : { readonly [K in keyof T]: Widen<T[K]> };

export type Messages = Widen<Omit<typeof en, 'errors'>> & {
  readonly errors: Readonly<Record<ErrorCode, (details: ErrorNumbers) => string>>;
};
