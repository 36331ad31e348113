/** Attacks with what is asked for: results nobody reads, event streams of a crowd, requests without an end. */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { astronaut } from '../../test/support/photos.ts';
import { type Attack, accomplice, ends, jobOf, pause, type Target } from './attack.ts';

async function resultOf(target: Target, photo: Uint8Array, fields: Record<string, string>): Promise<string> {
  const id = jobOf(await target.submit(photo, fields));
  for (;;) {
    const { status } = await target.request({ method: 'HEAD', path: `/api/jobs/${id}/result` });
    if (status === 200) return id;
    await sleep(100);
  }
}

/** A cartoon of megabytes, asked for a hundred times on each of fifty connections, and never taken. */
export const unreadResults: Attack = {
  name: 'results that are requested 5,000 times and never read',
  async run(target, signal) {
    const photo = await sharp(await astronaut())
      .resize(2600)
      .jpeg()
      .toBuffer();
    const id = await resultOf(target, photo, { format: 'png' });
    const request = `GET /api/jobs/${id}/result HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    for (let number = 0; number < 50 && !signal.aborted; number++) {
      const socket = target.connect();
      socket.pause();
      socket.write(request.repeat(100));
    }
    await ends(signal);
    return undefined;
  },
};

/** More streams than there is room for, from 55 addresses that stay below the limit of each. */
export const eventStreams: Attack = {
  name: '1,100 event streams from 55 addresses',
  env: { QUEUE_LIMIT_PER_USER: '100' },
  async run(target, signal) {
    const photo = await sharp(await astronaut())
      .resize(512)
      .jpeg()
      .toBuffer();
    // There is always one that is not over: a stream of a finished job ends at once.
    const submit = async () => jobOf(await target.submit(photo, {}));
    let id = await submit();
    const open = async (from: string) => {
      while (!signal.aborted) {
        const socket = target.connect(from);
        socket.resume();
        socket.write(`GET /api/jobs/${id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        await new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        await pause(500, signal);
      }
    };
    const crowd = Array.from({ length: 1100 }, (_, number) => open(accomplice(number % 55)));
    while (!signal.aborted) {
      await pause(1000, signal);
      id = await submit().catch(() => id);
    }
    await Promise.all(crowd);
    const job = jobOf(await target.submit(photo, {}, { from: '127.0.0.4' }));
    const { status } = await target.request({ path: `/api/jobs/${job}/events`, from: '127.0.0.4' });
    return status === 200 ? undefined : `another visitor's event stream: ${status}`;
  },
};

/** Requests of every kind, as fast as they are answered. */
export const requestFlood: Attack = {
  name: 'requests without an end on 50 connections',
  async run(target, signal) {
    const paths = ['/', '/api/styles', '/healthz', '/openapi.json', '/api/jobs/web-0', '/nothing'];
    const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join('');
    const send = async () => {
      const socket = target.connect();
      const done = ends(signal);
      socket.on('data', () => {
        if (!signal.aborted && socket.writable && socket.writableLength === 0) socket.write(requests);
      });
      socket.write(requests);
      await done;
    };
    await Promise.all(Array.from({ length: 50 }, send));
    return undefined;
  },
};

/** Connections that begin a request and never end it. */
export const halfRequests: Attack = {
  name: '1,000 connections with half a request',
  async run(target, signal) {
    const sockets = Array.from({ length: 1000 }, () => {
      const socket = target.connect();
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ');
      return socket;
    });
    while (!signal.aborted) {
      await pause(1000, signal);
      for (const socket of sockets) if (!socket.destroyed) socket.write('a');
    }
    return undefined;
  },
};
