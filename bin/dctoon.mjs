#!/usr/bin/env node
// The command of the package. In a clone it runs the sources, so that `npx dctoon` works after `npm ci` and is never stale.
import { existsSync } from 'node:fs';

const sources = new URL('../src/cli.ts', import.meta.url);
const built = new URL('../dist/cli.js', import.meta.url);
const tsx = existsSync(sources) ? await import('tsx/esm/api').catch(() => undefined) : undefined;
tsx?.register();
await import((tsx ? sources : built).href);
