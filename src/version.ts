/** The version of the installed package. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Beside both `src` and `dist`. */
const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

export const { version: VERSION } = z.object({ version: z.string() }).parse(JSON.parse(manifest));
