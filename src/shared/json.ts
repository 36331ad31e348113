/** JSON that strangers or other versions of this program wrote. */
import type { z } from 'zod';

/** The value if the text is JSON of this shape; undefined for anything else, never an exception. */
export function parseJson<T>(schema: z.ZodType<T>, text: string | null | undefined): T | undefined {
  if (text === null || text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
