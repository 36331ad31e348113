/** Compiles `kernels/` to WebAssembly and writes it, as text, into the source: `npm run kernels`. A test holds the two together. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const SOURCE = fileURLToPath(new URL('../kernels/index.ts', import.meta.url));
const TARGET = fileURLToPath(new URL('../src/inference/image/kernels.wasm.ts', import.meta.url));

/** The text of `src/inference/image/kernels.wasm.ts`. */
export async function compile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dctoon-kernels-'));
  try {
    const out = join(folder, 'kernels.wasm');
    const options = ['--outFile', out, '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];
    const { error, stderr } = await main([SOURCE, ...options]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    const base64 = (await readFile(out)).toString('base64');
    return `/** Made by \`npm run kernels\` from kernels/. */\nexport const KERNELS =\n  '${base64}';\n`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(TARGET, await compile());
