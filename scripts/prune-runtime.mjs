/**
 * Removes the libraries of other systems from onnxruntime-node, which brings those of all it supports: five, 288 MB, of which
 * this machine needs 25 to 46. Plain JavaScript without dependencies, because it runs where nothing else is installed:
 *
 *   npm run prune-runtime                                in a checkout, and in the Dockerfile
 *   node node_modules/dctoon/scripts/prune-runtime.mjs   where the package is installed
 *
 * `--dry-run` only says what would go. Nothing is removed unless ONNX Runtime starts with the libraries that are kept.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

const SYSTEM = `${process.platform}${sep}${process.arch}`;

/** The name of this system, for messages. Linux has two C libraries; onnxruntime-node is built for glibc only. */
function systemName() {
  if (process.platform !== 'linux') return SYSTEM;
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return `${SYSTEM} (${report.header.glibcVersionRuntime ? 'glibc' : 'musl'})`;
}

/** Folders directly below this one, by name. */
function foldersIn(/** @type {string} */ folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Bytes of everything in a folder. */
function sizeOf(/** @type {string} */ folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

/** Loads ONNX Runtime in a process of its own, as the service does; throws with the reason when it does not start. */
function expectToLoad(/** @type {string} */ folder) {
  execFileSync(process.execPath, ['-e', 'require(process.argv[1])', folder], { stdio: 'pipe' });
}

/** What onnxruntime-node has, as bin/<Node-API version>/<platform>/<arch>: the libraries of this system, and all others. */
function librariesOf(/** @type {string} */ folder) {
  const bin = join(folder, 'bin');
  const systems = foldersIn(bin).flatMap((api) =>
    foldersIn(join(bin, api)).flatMap((platform) =>
      foldersIn(join(bin, api, platform)).map((arch) => join(bin, api, platform, arch)),
    ),
  );
  return {
    kept: systems.filter((path) => path.endsWith(`${sep}${SYSTEM}`)),
    foreign: systems.filter((path) => !path.endsWith(`${sep}${SYSTEM}`)),
  };
}

function prune(/** @type {boolean} */ dryRun) {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const { kept, foreign } = librariesOf(folder);
  if (kept.length === 0) throw new Error(`onnxruntime-node has no libraries for ${systemName()}`);
  expectToLoad(folder);
  let freed = 0;
  for (const path of foreign) {
    const size = sizeOf(path);
    if (!dryRun) rmSync(path, { recursive: true });
    freed += size;
    console.log(`${dryRun ? 'would remove' : 'removed'} ${relative(folder, path)}, ${megabytes(size)}`);
  }
  if (!dryRun) expectToLoad(folder);
  const left = kept.reduce((sum, path) => sum + sizeOf(path), 0);
  console.log(
    `${dryRun ? 'would free' : 'freed'} ${megabytes(freed)} of ${folder}; kept ${systemName()}, ${megabytes(left)}`,
  );
}

function megabytes(/** @type {number} */ bytes) {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

try {
  prune(process.argv.includes('--dry-run'));
} catch (error) {
  const { message, stderr } = /** @type {Error & { stderr?: Buffer }} */ (error);
  const reason = stderr?.toString().match(/^\w*Error: .*/m)?.[0] ?? message;
  console.error(`prune-runtime stopped on ${systemName()}: ${reason}`);
  process.exitCode = 1;
}
