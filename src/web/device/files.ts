/** The files that a browser needs to draw by itself: the bundle of `npm run build`, and the networks of the models folder. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { type ModelFile, readManifest, readModelFile } from '../../inference/models/manifest.ts';
import { once } from '../../shared/once.ts';
import type { Pack, PackFile } from './pack.ts';

/** Digits of a file's SHA-256 in its address; it only has to change with the file. */
const VERSION_DIGITS = 16;
/** A network is compressed when the first browser asks for it: in 0.1 s, a fiftieth smaller at the highest level would take 4 s. */
const BROTLI_QUALITY = 9;

export interface DeviceFile {
  readonly version: string;
  readonly type: string;
  readonly plain: () => Promise<Uint8Array<ArrayBuffer>>;
  /** Compressed once, and kept; a megabyte for a network. */
  readonly br: () => Promise<Uint8Array<ArrayBuffer>>;
}

export interface DeviceFiles {
  readonly pack: Pack;
  readonly files: ReadonlyMap<string, DeviceFile>;
}

/** Where `npm run build` puts the bundle: beside this file when it is compiled itself. */
const FOLDERS = [new URL('./', import.meta.url), new URL('../../../dist/web/device/', import.meta.url)];
const WORKER = 'worker.js';
const RUNTIME = 'ort-wasm-simd-threaded.wasm';

/**
 * Undefined where nothing has been built: then the page offers no drawing on the device.
 * @throws DctoonError `internal` as `readManifest`
 */
export async function loadDeviceFiles(modelsDir: string): Promise<DeviceFiles | undefined> {
  const folder = await builtFolder();
  if (!folder) return undefined;
  const manifest = await readManifest(modelsDir);
  const files = new Map<string, DeviceFile>();
  const add = (name: string, file: DeviceFile, bytes: number): PackFile => {
    files.set(name, file);
    return { url: `/device/files/${file.version}/${name}`, bytes };
  };
  const built = async (name: string, type: string): Promise<PackFile> => {
    const read = async (path: string) => new Uint8Array(await readFile(new URL(path, folder)));
    const bytes = await read(name);
    const version = createHash('sha256').update(bytes).digest('hex').slice(0, VERSION_DIGITS);
    const br = once(() => read(`${name}.br`));
    return add(name, { version, type, plain: () => read(name), br }, bytes.length);
  };
  const model = (entry: ModelFile, type = 'application/octet-stream'): PackFile => {
    const plain = async () => new Uint8Array(await readModelFile(modelsDir, entry));
    const br = once(async () => await compressed(await plain()));
    return add(entry.file, { version: entry.sha256.slice(0, VERSION_DIGITS), type, plain, br }, entry.bytes);
  };
  const pack = {
    worker: await built(WORKER, 'text/javascript; charset=utf-8'),
    runtime: await built(RUNTIME, 'application/wasm'),
    faceDetector: model(manifest.faceDetector),
    faceMesh: model(manifest.faceMesh),
    blendMask: model(manifest.blendMask, 'image/png'),
    styles: manifest.styles.map((style) => ({
      id: style.id,
      monochrome: style.monochrome,
      head: model(style),
      ...(style.scene && { scene: model(style.scene) }),
    })),
  };
  return { pack, files };
}

async function builtFolder(): Promise<URL | undefined> {
  for (const folder of FOLDERS) {
    const isThere = await readFile(new URL(WORKER, folder)).then(
      () => true,
      () => false,
    );
    if (isThere) return folder;
  }
  return undefined;
}

async function compressed(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return new Uint8Array(await promisify(brotliCompress)(bytes, { params }));
}
