/**
 * Does what a new user does, with the Node that runs this: starts the installed program, opens the page and draws a photo.
 *   node .ci/smoke.mjs <folder of the installed package> <photo>
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [installed = '', photo = ''] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'dctoon-smoke-'));
const service = spawn(process.execPath, [resolve(installed, 'dist/cli.js'), 'start'], {
  cwd: folder, // away from anybody's .env
  env: { PATH: process.env['PATH'], WEB_PORT: '0', DATA_DIR: join(folder, 'data') },
  stdio: ['ignore', 'pipe', 'pipe'],
});
const ended = once(service, 'exit');
let output = '';
for (const stream of [service.stdout, service.stderr]) {
  stream.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
}

/** Asks again until there is an answer, for half a minute or until the service ends. */
async function until(question) {
  for (
    const deadline = Date.now() + 30_000;
    Date.now() < deadline && service.exitCode === null;
    await sleep(50)
  ) {
    const answer = await question();
    if (answer) return answer;
  }
  throw new Error('the service did not get ready');
}

try {
  const url = await until(() => /http:\/\/localhost:\d+/.exec(output)?.[0]);
  await until(async () => (await fetch(`${url}/readyz`)).ok);
  assert.match(await (await fetch(url)).text(), /<html/);

  const form = new FormData();
  form.set('file', new Blob([await readFile(photo)]), 'photo');
  const response = await fetch(`${url}/upload`, { method: 'POST', body: form });
  assert.equal(response.status, 200);
  const cartoon = Buffer.from(await response.arrayBuffer());
  assert.equal(cartoon.toString('latin1', 1, 4), 'PNG');

  service.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  console.log(
    `Node ${process.version}: page, photo (${cartoon.length} bytes of PNG) and stop as they should be`,
  );
} catch (error) {
  console.error(output);
  throw error;
} finally {
  service.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
