/** The web page and its HTTP API. */
export { createWeb } from './server.ts';
export type { ExtraRoute, Web, WebLimits, WebOptions } from './types.ts';
