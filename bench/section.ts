/** A section of bench/README.md: measured by `npm run bench`, written between its two markers. */
export interface Options {
  /** Interleaved runs per figure; medians are reported. */
  readonly runs: number;
  /** Only that it runs: one photo where there would be many. Nothing is written. */
  readonly smoke: boolean;
}

export type Row = Readonly<Record<string, string | number>>;

export interface Section {
  readonly name: string;
  /** One or more tables. */
  readonly measure: (options: Options) => Promise<readonly (readonly Row[])[]>;
}

export const fixed = (value: number, digits = 1): string => value.toFixed(digits);
/** `slow / fast`, as in "15.2 x". */
export const times = (slow = Number.NaN, fast = Number.NaN): string => `${(slow / fast).toFixed(1)} x`;
