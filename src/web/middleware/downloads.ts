/** Sends cartoons out: with backpressure, few at a time for each visitor, and not for ever. */
import { DctoonError } from '../../shared/errors.ts';
import type { WebContext, WebLimits } from '../types.ts';
import { Gate } from './limits.ts';

/** Answers with bytes; nothing of them is copied, and only a slice at a time is handed to the connection. */
export type Download = (context: WebContext, bytes: Uint8Array, headers: Record<string, string>) => Response;

const SLICE_BYTES = 64 * 1024;
const LOOK_MS = 1000;

export function createDownloads(limits: WebLimits): Download {
  const gate = new Gate(limits.downloads, limits.downloadsPerClient);
  return (context, bytes, headers) => {
    const all = { ...headers, 'Content-Length': String(bytes.length) };
    if (context.req.method === 'HEAD') return context.body(null, 200, all);
    const evicted = new AbortController();
    const leave = gate.enter(context.get('user'), () => evicted.abort());
    if (!leave) throw new DctoonError('rate_limited', 'too many downloads', { details: { seconds: 5 } });
    // In-process requests (`app.request` in tests) have no connection.
    const socket = context.env?.incoming?.socket;
    let at = 0;
    let takenAt = Date.now();
    const end = () => {
      clearInterval(timer);
      leave();
    };
    const cutOff = () => {
      end();
      socket?.destroy();
    };
    // A reader that takes nothing holds the bytes and its place.
    const timer = setInterval(() => {
      if (Date.now() - takenAt > limits.downloadIdleMs) cutOff();
    }, LOOK_MS).unref();
    evicted.signal.addEventListener('abort', cutOff);
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull(controller) {
          takenAt = Date.now();
          controller.enqueue(bytes.subarray(at, at + SLICE_BYTES) as Uint8Array<ArrayBuffer>);
          at += SLICE_BYTES;
          if (at < bytes.length) return;
          controller.close();
          end();
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
    return context.body(body, 200, all);
  };
}
