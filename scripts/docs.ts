/** Writes the generated documentation: `npm run docs`. A test fails when the files are not what this would write. */
import { writeFileSync } from 'node:fs';
import { configurationPage, envExample } from '../src/config/docs.ts';

const root = new URL('../', import.meta.url);
writeFileSync(new URL('.env.example', root), envExample());
writeFileSync(new URL('docs/configuration.md', root), configurationPage());
