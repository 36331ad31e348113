/** The files of the page, read once at start, compressed once, addressed by a version so that browsers may keep them for ever. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { parseAccept } from 'hono/utils/accept';
import type { WebContext } from '../types.ts';

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  ico: 'image/x-icon',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
};

/** Formats that compression would not make smaller. */
const COMPRESSED = /^(font\/|image\/(jpeg|png|x-icon))/;

/** How long a browser may keep what is under an address that changes with it. */
export const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** One body in every encoding that makes it smaller. */
export interface EncodedAsset {
  readonly type: string;
  readonly etag: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly br?: Uint8Array<ArrayBuffer>;
  readonly gzip?: Uint8Array<ArrayBuffer>;
}

export interface Assets {
  /** Changes with every change of any file. */
  readonly version: string;
  readonly files: ReadonlyMap<string, EncodedAsset>;
  url(name: string): string;
}

/** Works from the sources and from the build: the compiler copies no assets, so both use those in `src`. */
function assetFolder(): URL {
  const beside = new URL('../assets/', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../../src/web/assets/', import.meta.url);
}

export async function encode(body: string | Uint8Array, type: string): Promise<EncodedAsset> {
  const plain = Buffer.from(body);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  if (COMPRESSED.test(type)) return { type, etag, plain };
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    promisify(gzip)(plain, { level: 9 }),
  ]);
  return { type, etag, plain, br: Buffer.from(br), gzip: Buffer.from(gz) };
}

/** `page.css` in parts, in the order of the cascade. */
const STYLESHEET = [
  'base',
  'layout',
  'viewer',
  'samples',
  'buttons',
  'picture',
  'full-screen',
  'bar',
  'strip',
  'style-picker',
  'strength',
  'here',
  'notices',
] as const;

async function stylesheet(folder: URL): Promise<string> {
  const parts = STYLESHEET.map((name) => readFile(new URL(`stylesheet/${name}.css`, folder), 'utf8'));
  return (await Promise.all(parts)).join('\n');
}

/** Modules of the page that others keep, as they come from npm. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'client-zip.js': 'client-zip',
  'idb-keyval.js': 'idb-keyval/dist/index.js',
};

export async function loadAssets(folder: URL = assetFolder()): Promise<Assets> {
  const names = (await readdir(folder)).filter((name) => extension(name) in TYPES).sort();
  const files = new Map<string, EncodedAsset>();
  for (const name of names) {
    files.set(name, await encode(await readFile(new URL(name, folder)), TYPES[extension(name)] ?? ''));
  }
  const { resolve } = createRequire(import.meta.url);
  for (const [name, library] of Object.entries(LIBRARIES)) {
    files.set(name, await encode(await readFile(resolve(library)), TYPES['js'] ?? ''));
  }
  files.set('page.css', await encode(await stylesheet(folder), TYPES['css'] ?? ''));
  const hash = createHash('sha256');
  for (const [name, file] of files) hash.update(`${name}\0${file.etag}\0`);
  const version = hash.digest('base64url').slice(0, 10);
  return { version, files, url: (name) => `/assets/${version}/${name}` };
}

function extension(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Answers with the smallest encoding the client takes, or 304 when it has this body already. */
export function sendEncoded(
  context: WebContext,
  file: EncodedAsset,
  headers: Record<string, string>,
): Response {
  // The same tag for all encodings: weak, as the bytes on the wire differ.
  const etag = `W/${file.etag}`;
  const shared = {
    ...headers,
    ETag: etag,
    Vary: [headers['Vary'], 'Accept-Encoding'].filter(Boolean).join(', '),
  };
  const known = (context.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim());
  if (known.includes(etag) || known.includes(file.etag)) return context.body(null, 304, shared);

  const accepted = new Set(
    parseAccept(context.req.header('accept-encoding') ?? '').flatMap(({ type, q }) => (q > 0 ? [type] : [])),
  );
  const encoding =
    accepted.has('br') && file.br ? 'br' : accepted.has('gzip') && file.gzip ? 'gzip' : undefined;
  return context.body((encoding && file[encoding]) ?? file.plain, 200, {
    ...shared,
    'Content-Type': file.type,
    ...(encoding && { 'Content-Encoding': encoding }),
  });
}
