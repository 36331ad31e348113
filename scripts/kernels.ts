/**
 * Compiles `kernels/` to WebAssembly and writes it, as text, into the source: `npm run kernels`.
 * `npm run kernels -- --check` writes nothing, and fails when the source has anything else.
 *
 * The compiler is a package of `kernels/` and is installed here, since only who changes kernels needs its 100 MB.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const KERNELS = fileURLToPath(new URL('../kernels/', import.meta.url));
const TARGET = fileURLToPath(new URL('../src/inference/image/kernels.wasm.ts', import.meta.url));

/** SHA-256 of everything the compiled code depends on: sources, options and the version of the compiler. */
export function digestOfSources(): string {
  const sources = readdirSync(KERNELS).filter((name) => name.endsWith('.ts'));
  const hash = createHash('sha256');
  for (const name of [...sources, 'asconfig.json', 'package-lock.json'].sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(KERNELS, name)));
  }
  return hash.digest('hex');
}

/** The text of `src/inference/image/kernels.wasm.ts`. */
function compile(): string {
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: KERNELS, stdio: 'inherit' });
  npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  npm('run', '--silent', 'build');
  const base64 = readFileSync(join(KERNELS, 'build/kernels.wasm')).toString('base64');
  return `/** Made by \`npm run kernels\` from kernels/ (SHA-256 ${digestOfSources()}). */\nexport const KERNELS =\n  '${base64}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const compiled = compile();
  if (!process.argv.includes('--check')) writeFileSync(TARGET, compiled);
  else if (readFileSync(TARGET, 'utf8') !== compiled) {
    console.error(`${TARGET} is not what kernels/ compiles to: run "npm run kernels" and commit the result.`);
    process.exitCode = 1;
  }
}
