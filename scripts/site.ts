/**
 * The page without a server, as a folder of files for any static host: `npm run site -- [folder] [language]`, by default `site` and `en`.
 * It draws on the visitor's device only, and asks nobody but its own host.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readManifest, stylesOf } from '../src/inference/models/manifest.ts';
import { readThumbnails } from '../src/inference/models/thumbnails.ts';
import { PACKAGED_MODELS } from '../src/shared/version.ts';
import { createTexts, LOCALES } from '../src/texts/index.ts';
import { loadDeviceFiles } from '../src/web/device/files.ts';
import { loadAssets } from '../src/web/page/assets.ts';
import { renderPage } from '../src/web/page/document.ts';
import { webManifest } from '../src/web/page/manifest.ts';
import { thumbnailUrl } from '../src/web/routes/thumbnails.ts';
import { DEFAULT_LIMITS } from '../src/web/types.ts';

const [folder = 'site', language = 'en'] = process.argv.slice(2);
const locale = LOCALES.find((one) => one === language);
if (!locale) throw new Error(`no language "${language}"; there are ${LOCALES.join(', ')}`);
const modelsDir = process.env['MODELS_DIR'] ?? PACKAGED_MODELS;

const device = await loadDeviceFiles(modelsDir);
if (!device) throw new Error('nothing has been built: run "npm run build" first');
const assets = await loadAssets();
const texts = createTexts(locale);
const thumbnails = await readThumbnails(modelsDir);
const styles = stylesOf(await readManifest(modelsDir));
const files = new Map<string, string | Uint8Array>();

files.set(
  'index.html',
  renderPage({
    texts,
    languages: {},
    styles,
    thumbnailUrl: (style) => thumbnailUrl(thumbnails, style),
    defaultStyle: styles[0]?.id ?? '',
    keepMinutes: 0,
    photoBytes: DEFAULT_LIMITS.photoBytes,
    locked: false,
    bots: [],
    drawsHere: 'alone',
    assetUrl: assets.url,
  }),
);
files.set('manifest.webmanifest', JSON.stringify(webManifest(texts, assets.url)));
for (const [name, { plain }] of assets.files) {
  files.set(`assets/${assets.version}/${name}`, plain);
  // At the root: browsers look for the one there, and the other has power over what lies below it only.
  if (name === 'favicon.ico' || name === 'service-worker.js') files.set(name, plain);
}
for (const { id } of styles) {
  const thumbnail = thumbnails.get(id);
  if (thumbnail) files.set(`api/styles/${id}/thumbnail`, thumbnail.bytes);
}
files.set('device/pack.json', JSON.stringify(device.pack));
for (const [name, { version, plain }] of device.files)
  files.set(`device/files/${version}/${name}`, await plain());

for (const [name, content] of files) {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
console.log(`${files.size} files in ${folder}: serve it at the root of a host`);
