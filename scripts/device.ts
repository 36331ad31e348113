/**
 * Bundles what draws in a browser, beside the compiled service: `dist/web/device/`. Part of `npm run build`.
 *
 * The files of `src/inference` that draw are bundled as they are. Only two packages are others: in the place of sharp stands
 * `src/web/device/worker/sharp.ts`, in that of onnxruntime-node onnxruntime-web, which has the same interface.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = new URL('../', import.meta.url);
const TARGET = new URL('dist/web/device/', ROOT);
const RUNTIME = 'ort-wasm-simd-threaded.wasm';

await mkdir(TARGET, { recursive: true });
await build({
  entryPoints: [fileURLToPath(new URL('src/web/device/worker/main.ts', ROOT))],
  outfile: fileURLToPath(new URL('worker.js', TARGET)),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'inline',
  alias: {
    sharp: fileURLToPath(new URL('src/web/device/worker/sharp.ts', ROOT)),
    'onnxruntime-node': 'onnxruntime-web/wasm',
  },
});

await writeFile(
  new URL('worker.js.br', TARGET),
  await compressed(await readFile(new URL('worker.js', TARGET))),
);

// Compressing takes seconds, so it is done only when the runtime has changed.
const runtime = await readFile(createRequire(import.meta.url).resolve(`onnxruntime-web/${RUNTIME}`));
const copy = new URL(RUNTIME, TARGET);
const isCurrent =
  existsSync(copy) && runtime.equals(await readFile(copy)) && existsSync(new URL(`${RUNTIME}.br`, TARGET));
if (!isCurrent) {
  await writeFile(new URL(`${RUNTIME}.br`, TARGET), await compressed(runtime));
  await writeFile(copy, runtime);
}

async function compressed(bytes: Uint8Array): Promise<Uint8Array> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return await promisify(brotliCompress)(bytes, { params });
}
