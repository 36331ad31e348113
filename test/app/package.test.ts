/** What is published and what goes into the image: nothing the service needs is missing, nothing else is there. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { filesOf, readManifest } from '../../src/inference/models/manifest.ts';
import { MODELS_DIR } from '../support/models.ts';
import { build } from '../support/service.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const assets = readdirSync(join(ROOT, 'src/web/assets'), { recursive: true })
  .map(String)
  .filter((name) => name.includes('.') && name !== 'tsconfig.json');
const scripts = readdirSync(join(ROOT, 'src/queue/redis/scripts'));

describe('the npm package', () => {
  it('has the program, the networks and the page, and neither tests nor settings', {
    timeout: 120_000,
  }, async () => {
    // Also where nobody has built before: npm does it then.
    expect(JSON.parse(read('package.json')).scripts.prepack).toBe('npm run --silent build');
    await build();
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json'], { cwd: ROOT });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const packed = files.map(({ path }) => path);
    const manifest = await readManifest(MODELS_DIR);
    const models = [...filesOf(manifest), ...manifest.styles.flatMap(({ thumbnail = [] }) => thumbnail)];
    expect(packed).toEqual(
      expect.arrayContaining([
        'bin/dctoon.mjs',
        'dist/cli.js',
        'dist/main.js',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/inference/workers/worker-entry.js',
        'models/manifest.json',
        ...models.map(({ file }) => `models/${file}`),
        ...assets.map((name) => `src/web/assets/${name}`),
        ...scripts.map((name) => `src/queue/redis/scripts/${name}`),
        'scripts/prune-runtime.mjs',
        'LICENSE',
        'NOTICE',
      ]),
    );
    expect(
      packed.filter((path) => /^(test|training|bench|data|\.env$)|tsbuildinfo|\.test\./.test(path)),
    ).toEqual([]);
  });
});

describe('the image', () => {
  it('copies only what exists and what .dockerignore lets through', () => {
    const letThrough = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) =>
      (paths ?? '').split(' '),
    );
    expect(copied.length).toBeGreaterThan(8);
    for (const path of copied) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(
        letThrough.some((one) => path === one || path.startsWith(`${one}/`)),
        path,
      ).toBe(true);
    }
  });

  it('and compose.yaml agree with the configuration: what the container sets, .env cannot undo', () => {
    const set = [...read('Dockerfile').matchAll(/^(?:ENV| {4}) ?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(set).toEqual(expect.arrayContaining(['WEB_HOST', 'WEB_PORT', 'DATA_DIR', 'MODELS_DIR']));
    for (const name of set.filter((one) => one !== 'NODE_ENV')) {
      expect(read('compose.yaml')).toMatch(new RegExp(`^ {6}${name}: `, 'm'));
    }
  });

  /** The part of compose.yaml about one service. */
  const serviceOf = (name: string) =>
    new RegExp(`^  ${name}:\\n((?: {4}.*\\n|\\n)+)`, 'm').exec(read('compose.yaml'))?.[1] ?? '';

  it('give a worker no token, and nothing that it does not use', () => {
    const worker = serviceOf('worker');
    expect(worker).toMatch(/^ {6}QUEUE_URL: /m);
    expect(worker).not.toContain('env_file');
    expect(worker).not.toMatch(/TELEGRAM|DISCORD|WEB_API_KEY/);
  });

  it.each(['dctoon', 'worker', 'redis'])('limit the memory of %s', (name) => {
    expect(serviceOf(name)).toMatch(/^ {4}mem_limit: /m);
    expect(serviceOf(name)).toMatch(/^ {4}read_only: true$/m);
  });

  it('name exact versions of the images they are made of', () => {
    expect(read('compose.yaml')).toMatch(/image: redis:\d+\.\d+\.\d+-/);
    expect(read('Dockerfile')).toMatch(/^ARG NODE_VERSION=\d+\.\d+\.\d+$/m);
  });

  it('say which libraries under the LGPL come along', () => {
    expect(read('NOTICE')).toMatch(/libvips[\s\S]*LGPL-3\.0-or-later[\s\S]*sharp-libvips/);
  });
});
