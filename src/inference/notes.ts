/** What is to be said about a cartoon, in the order of its importance. */
import type { Cartoon } from './types.ts';

/** The sentences of `src/texts`. */
interface Sentences {
  readonly result: {
    readonly smaller: (size: { width: number; height: number }) => string;
    readonly damaged: string;
  };
}

export function notesOf({ notes = [], width, height }: Omit<Cartoon, 'image'>, texts: Sentences): string[] {
  const { smaller, damaged } = texts.result;
  return [
    ...(notes.includes('damaged') ? [damaged] : []),
    ...(notes.includes('smaller') ? [smaller({ width, height })] : []),
  ];
}
