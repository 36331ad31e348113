/** What the installed package says of itself. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const schema = z.object({ version: z.string(), engines: z.object({ node: z.string().startsWith('>=') }) });

/** Beside both `src` and `dist`. */
const manifest = schema.parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

export const VERSION: string = manifest.version;
/** Oldest Node that works, e.g. `20.19`. */
export const NODE_FLOOR: string = manifest.engines.node.slice(2);
