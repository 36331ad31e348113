/** What the installed package says of itself, and brings along. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const schema = z.object({ version: z.string(), engines: z.object({ node: z.string().startsWith('>=') }) });

/** Beside both `src` and `dist`. */
const manifest = schema.parse(
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
);

/** The networks, wherever a program is run. */
export const PACKAGED_MODELS: string = fileURLToPath(new URL('../../models', import.meta.url));

export const VERSION: string = manifest.version;
/** Oldest Node that works, e.g. `20.19`. */
export const NODE_FLOOR: string = manifest.engines.node.slice(2);
