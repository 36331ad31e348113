/** Is what was installed in order: Node, native libraries, networks, and do they draw? */
import { createRequire } from 'node:module';
import { concurrencyOf, MEMORY_MB } from '../../app/concurrency.ts';
import type { Config } from '../../config/schema.ts';
import { Cartoonizer } from '../../inference/cartoonizer.ts';
import { filesOf, type Manifest, readManifest, readModelFile } from '../../inference/models/manifest.ts';
import { readMachine } from '../../shared/machine.ts';
import { NODE_FLOOR } from '../../shared/version.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

export function checkNode(version: string = process.versions.node): Finding {
  const isOldEnough = version.localeCompare(NODE_FLOOR, 'en', { numeric: true }) >= 0;
  return isOldEnough
    ? ok(`Node ${version}.`)
    : fail(`Node ${version} is too old: dctoon needs ${NODE_FLOOR} or newer.`);
}

/** Both libraries carry a compiled part that must fit this machine. */
export async function checkLibraries(): Promise<readonly Finding[]> {
  const advice = 'Install again on this machine: npm ci.';
  const sharp = async () => {
    const { versions } = (await import('sharp')).default;
    return ok(`sharp ${versions.sharp} loads (libvips ${versions.vips}).`);
  };
  const onnx = async () => {
    const { listSupportedBackends } = await import('onnxruntime-node');
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
      version: string;
    };
    const hasCpu = listSupportedBackends().some(({ name }) => name === 'cpu');
    return hasCpu
      ? ok(`onnxruntime-node ${version} loads.`)
      : fail(`onnxruntime-node ${version} has no CPU backend.`);
  };
  return [
    await sharp().catch((error: unknown) => fail(`sharp does not load: ${reasonOf(error)} ${advice}`)),
    await onnx().catch((error: unknown) =>
      fail(`onnxruntime-node does not load: ${reasonOf(error)} ${advice}`),
    ),
  ];
}

/** Manifest, and the SHA-256 of every file that it names; drawing works without thumbnails. */
export async function checkModels(modelsDir: string, defaultStyle: string): Promise<readonly Finding[]> {
  let manifest: Manifest;
  try {
    manifest = await readManifest(modelsDir);
  } catch (error) {
    return [fail(reasonOf(error))];
  }
  const findings: Finding[] = [];
  for (const entry of filesOf(manifest)) {
    await readModelFile(modelsDir, entry).catch((error: unknown) => findings.push(fail(reasonOf(error))));
  }
  const ids = manifest.styles.map(({ id }) => id);
  if (!ids.includes(defaultStyle)) {
    findings.push(
      fail(`DEFAULT_STYLE is "${defaultStyle}", which is none of the styles: ${ids.join(', ')}.`),
    );
  }
  const total = filesOf(manifest).length;
  if (findings.length === 0) findings.push(ok(`${total} model files are whole; styles: ${ids.join(', ')}.`));
  for (const { thumbnail } of manifest.styles) {
    if (!thumbnail) continue;
    await readModelFile(modelsDir, thumbnail).catch((error: unknown) =>
      findings.push(warn(`${reasonOf(error)} Menus show no picture for this style.`)),
    );
  }
  return findings;
}

/** Draws a picture in an inference process, as the service does. */
export async function checkDrawing(modelsDir: string, style: string): Promise<Finding> {
  try {
    const { default: sharp } = await import('sharp');
    const photo = await sharp({ create: { width: 256, height: 256, channels: 3, background: '#c96' } })
      .jpeg()
      .toBuffer();
    const engine = await Cartoonizer.create({ modelsDir });
    try {
      const { timings } = await engine.cartoonize(photo, { style });
      return ok(`A test picture was drawn in ${Math.round(timings.total)} ms.`);
    } finally {
      await engine.close();
    }
  } catch (error) {
    return fail(`A test picture could not be drawn: ${reasonOf(error)}`);
  }
}

export function checkMachine(config: Pick<Config, 'QUEUE_CONCURRENCY' | 'TIER'>): Finding {
  const found = readMachine();
  const cores = Math.round(found.cores * 10) / 10;
  const memory = Math.round(found.memoryBytes / 1e6);
  const concurrency = concurrencyOf(config, found);
  const needed = MEMORY_MB.service + concurrency * MEMORY_MB.process;
  const machine = `${cores} core${cores === 1 ? '' : 's'} and ${memory} MB of memory`;
  const processes = `${concurrency} inference process${concurrency === 1 ? '' : 'es'}`;
  if (needed > memory) return warn(`${machine}: ${processes} need up to ${needed} MB. Use fewer.`);
  if (concurrency > Math.ceil(cores))
    return warn(`${machine}: ${processes} are more than the cores, and no faster.`);
  return ok(`${machine} for ${processes}.`);
}
