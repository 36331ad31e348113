import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { startService, until } from '../harness.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const MEGABYTE = Buffer.alloc(1024 * 1024, 1);

it('what is still sent of a refused body is not kept', { timeout: 60_000 }, async () => {
  // The first chunk is one too many: the body was begun, and nobody reads on.
  const service = await startService({ limits: { bodyBudgetBytes: 1000, lingerMs: 30_000 } });
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.on('error', () => {});
  const head =
    'POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n';
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  for (let megabytes = 0; megabytes < 40; megabytes++) {
    for (const part of ['100000\r\n', MEGABYTE, '\r\n']) {
      if (!socket.write(part)) await once(socket, 'drain');
    }
  }
  // What was on its way has arrived.
  await until(() => socket.writableLength === 0);
  collectGarbage();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MEGABYTE.length);
  socket.destroy();
  await service.stop();
});
