/** What a check of `dctoon doctor` finds. */

export interface Finding {
  /** `warn`: works, but the operator should know. `fail`: does not work. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** One sentence, with what to do about it. */
  readonly text: string;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warn = (text: string): Finding => ({ level: 'warn', text });
export const fail = (text: string): Finding => ({ level: 'fail', text });

/** The first line of whatever was thrown. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0] ?? '';
}
