/** `dctoon start`, where nothing is: no repository, no settings, no models. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { dctoon } from './dctoon.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('serves the page with the packaged models, reads .env, keeps its data here, and stops at SIGTERM', {
  timeout: 90_000,
}, async () => {
  await writeFile(join(folder, '.env'), 'WEB_PORT=0\nMODELS_DIR=\nDATA_DIR=my-data\n');
  let child: ChildProcess | undefined;
  let output = '';
  const ended = dctoon(['start'], {
    cwd: folder,
    onStart: (started) => {
      child = started;
      started.stdout?.on('data', (text) => (output += text));
    },
  });
  const address = /http:\/\/localhost:\d+/;
  await vi.waitUntil(() => address.test(output), { timeout: 25_000 });
  const url = address.exec(output)?.[0];
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ ready: true, reasons: [] });
  expect(await (await fetch(`${url}/`)).text()).toContain('<html');
  expect(await readdir(join(folder, 'my-data'))).toContain('spool');
  child?.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});
