/** The started service when the reader of its log goes away: it goes on answering, and stops in order. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { astronaut } from '../support/photos.ts';
import { build, processorSeconds, residentMb, ServiceProcess } from '../support/service.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const MODELS = fileURLToPath(new URL('../../models', import.meta.url));

let photo: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  await build();
  const picture = sharp(await astronaut()).resize(256, 256, { fit: 'cover' });
  photo = new Uint8Array(await picture.jpeg().toBuffer());
}, 120_000);

async function cartoonize(url: string): Promise<number> {
  const form = new FormData();
  form.set('file', new Blob([photo], { type: 'image/jpeg' }), 'me.jpg');
  const response = await fetch(`${url}/upload`, { method: 'POST', body: form });
  await response.arrayBuffer();
  return response.status;
}

/** Share of one core that a process uses while nobody asks anything of it. */
async function idleShare(pid: number): Promise<number> {
  const [before, startedAt] = [await processorSeconds(pid), performance.now()];
  await sleep(3000);
  return (1000 * ((await processorSeconds(pid)) - before)) / (performance.now() - startedAt);
}

describe('a service whose log is read no more', () => {
  it('answers photos, rests, and stops in order, after its reader was killed', async () => {
    const service = await ServiceProcess.start({ LOG_LEVEL: 'trace' });
    try {
      const url = await service.url();
      service.closeOutput();
      expect(await cartoonize(url)).toBe(200);
      expect(await cartoonize(url)).toBe(200);
      expect(await idleShare(service.pid)).toBeLessThan(0.05);
      expect(await residentMb(service.pid)).toBeLessThan(300);
      expect(await service.stop()).toBe(0);
    } finally {
      await service.dispose();
    }
  }, 90_000);

  it('starts and answers behind `2>&1 | head -1`', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-head-'));
    const port = await freePort();
    // The shell tells the process id, then becomes the service.
    const pipeline = `sh -c 'echo $$ >&3; exec "${process.execPath}" "${MAIN}"' 2>&1 | head -1`;
    const shell = spawn('sh', ['-c', pipeline], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        MODELS_DIR: MODELS,
        DATA_DIR: join(folder, 'data'),
        WEB_PORT: String(port),
      },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const [line] = (await once(shell.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer];
    const pid = Number(line.toString());
    try {
      const url = `http://localhost:${port}`;
      await vi.waitFor(async () => expect((await fetch(`${url}/healthz`)).status).toBe(200), {
        timeout: 30_000,
        interval: 50,
      });
      expect(await cartoonize(url)).toBe(200);
      expect(await idleShare(pid)).toBeLessThan(0.05);
      const ended = once(shell, 'exit');
      process.kill(pid, 'SIGTERM');
      await ended;
    } finally {
      shell.kill('SIGKILL');
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
      await rm(folder, { recursive: true, force: true });
    }
  }, 90_000);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
