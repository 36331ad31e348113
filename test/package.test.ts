/**
 * The package as npm ships it: installed from its tarball into an empty folder, where every example of README.md and
 * docs/library.md runs as it is written.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const CORE = { timeout: 240_000 };

/** Blocks of README.md that are for a clone, and what runs them instead. */
const IN_A_CLONE = new Map([
  ['npm ci && npm start', 'bench/cold-start.ts, and every test with a service'],
  ['cp .env.example .env      # then fill in TELEGRAM_TOKEN and/or DISCORD_TOKEN\nnpm start', 'needs tokens'],
  ['npm ci && npm test', 'this very run'],
]);

let folder: string;
/** The folder's own, and none of this checkout's. */
const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], npm_config_yes: 'false' };
const shell = (command: string) => run('bash', ['-ec', command], { cwd: folder, env: environment, ...CORE });

/** Code blocks of a document. */
async function blocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(join(ROOT, file), 'utf8');
  const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\`$`, 'gms'))];
  return found.map(([, code = '']) => code);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-package-'));
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
  const tarball = stdout.trim().split('\n').at(-1) ?? '';
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await shell(`npm install --ignore-scripts --no-audit --no-fund --prefer-offline ./${tarball}`);
  const photo = await readFile(new URL('fixtures/astronaut.png', import.meta.url));
  await writeFile(join(folder, 'me.jpg'), await sharp(photo).resize(256).jpeg().toBuffer());
  await mkdir(join(folder, 'holiday'));
  for (const name of ['a.jpg', 'b.jpg'])
    await copyFile(join(folder, 'me.jpg'), join(folder, 'holiday', name));
}, 300_000);
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const format = async (name: string) => (await sharp(join(folder, name)).metadata()).format;

describe('README.md', () => {
  it('has no example in a shell that nothing runs', async () => {
    const all = await blocks('README.md', 'sh');
    const others = all.filter((block) => !IN_A_CLONE.has(block));
    expect(all.length - others.length).toBe(IN_A_CLONE.size);
    for (const line of others.join('\n').split('\n')) expect(line).toMatch(/^(npx dctoon|curl) /);
  });

  it('its command line does what it says', CORE, async () => {
    const lines = (await blocks('README.md', 'sh')).flatMap((block) =>
      block.split('\n').filter((line) => line.startsWith('npx dctoon ')),
    );
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      const result = await shell(line).catch((error: { stdout: string; stderr: string }) => error);
      expect({ line, failed: result instanceof Error ? `${result.stdout}${result.stderr}` : '' }).toEqual({
        line,
        failed: '',
      });
      // What the comment promises is there.
      const promised = /# writes ([\w.-]*\w)/.exec(line)?.[1];
      if (promised) expect(await readdir(folder)).toContain(promised);
    }
    expect(await format('me-3d.jpg')).toBe('jpeg');
    expect(await format('pop.png')).toBe('png');
    expect(await format('cartoon.jpg')).toBe('jpeg');
    expect(await format('me-3d-sticker.webp')).toBe('webp');
    expect((await readdir(join(folder, 'cartoons'))).sort()).toEqual(['a-3d.jpg', 'b-3d.jpg']);
  });

  it('its requests are answered by the service that comes of the package', CORE, async () => {
    const service = spawn('npx', ['dctoon', 'start'], {
      cwd: folder,
      env: { ...environment, WEB_PORT: '0', DATA_DIR: join(folder, 'data') },
      detached: true,
    });
    try {
      let said = '';
      const address = new Promise<string>((resolve, reject) => {
        const listen = (text: Buffer) => {
          said += text;
          const found = /http:\/\/(localhost:\d+)/.exec(said)?.[1];
          if (found) resolve(found);
        };
        service.stdout.on('data', listen);
        service.stderr.on('data', listen);
        service.on('exit', () => reject(new Error(said)));
      });
      const host = await address;
      const lines = (await blocks('README.md', 'sh')).flatMap((block) =>
        block.split('\n').filter((line) => line.startsWith('curl ')),
      );
      expect(lines.length).toBeGreaterThan(0);
      // Another port, as 8080 may be taken where this runs.
      for (const line of lines) await shell(line.replace('localhost:8080', host));
      expect(await format('cartoon.png')).toBe('png');
      for (const path of ['/', '/docs', '/openapi.json'])
        expect((await fetch(`http://${host}${path}`)).status).toBe(200);
    } finally {
      const ended = once(service, 'exit');
      // The process group: npx does not pass signals on.
      if (service.exitCode === null) {
        process.kill(-(service.pid ?? 0), 'SIGTERM');
        await ended;
      }
    }
  });
});

it('docs/library.md: its programs run as they are written', CORE, async () => {
  const programs = await blocks('docs/library.md', 'js');
  expect(programs.length).toBeGreaterThan(0);
  for (const program of programs) {
    await writeFile(join(folder, 'example.mjs'), program);
    const { stdout } = await run(process.execPath, ['example.mjs'], {
      cwd: folder,
      env: environment,
      ...CORE,
    });
    expect(stdout).toContain('256 x 256, 1 face(s)');
  }
  expect(await format('cartoon.jpg')).toBe('jpeg');
  // Its one command is what installed the package here, from a file in place of the registry.
  expect(await blocks('docs/library.md', 'sh')).toEqual(['npm install --ignore-scripts dctoon']);
});
