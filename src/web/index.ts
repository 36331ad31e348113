/** The web page and its HTTP API. */

export { loadDeviceFiles } from './device/files.ts';
export { createWeb } from './server.ts';
export type { ExtraRoute, Web, WebLimits, WebOptions } from './types.ts';
