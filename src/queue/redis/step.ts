/** How far a job is, as one word in Redis: its stage, and of a group how many faces are drawn. `style`, `style:3/14`. */
import type { FaceCount, Stage } from '../../inference/types.ts';

export interface Step {
  readonly stage: Stage | undefined;
  readonly faces: FaceCount | undefined;
}

export const NO_STEP: Step = { stage: undefined, faces: undefined };

const WORD = /^(decode|faces|style|blend|encode)(?::(\d{1,6})\/(\d{1,6}))?$/;

export function wordOf({ stage = 'decode', faces }: Step): string {
  return faces ? `${stage}:${faces.done}/${faces.total}` : stage;
}

/** Nothing where the word is of a version that knows more. */
export function stepOf(word: string): Step {
  const [, stage, done, total] = WORD.exec(word) ?? [];
  if (stage === undefined) return NO_STEP;
  const faces = done === undefined ? undefined : { done: Number(done), total: Number(total) };
  return { stage: stage as Stage, faces };
}
