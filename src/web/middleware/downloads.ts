/** Sends cartoons out: from the disk, with backpressure, few at a time for each visitor, and not for ever. */
import { DctoonError } from '../../shared/errors.ts';
import type { OpenPicture, Picture } from '../jobs/picture.ts';
import type { WebContext, WebLimits } from '../types.ts';
import { Gate } from './limits.ts';

/**
 * Answers with a picture; only a slice of it at a time is read and handed to the connection. When this resolves the
 * picture is open: it may be deleted.
 */
export type Download = (
  context: WebContext,
  picture: Picture,
  headers: Record<string, string>,
) => Promise<Response>;

const SLICE_BYTES = 64 * 1024;
const LOOK_MS = 1000;

export function createDownloads(limits: WebLimits): Download {
  const gate = new Gate(limits.downloads, limits.downloadsPerClient);
  return async (context, picture, headers) => {
    const all = { ...headers, 'Content-Length': String(picture.bytes) };
    if (context.req.method === 'HEAD') return context.body(null, 200, all);
    const evicted = new AbortController();
    const leave = gate.enter(context.get('user'), () => evicted.abort());
    if (!leave) throw new DctoonError('rate_limited', 'too many downloads', { details: { seconds: 5 } });
    let opened: OpenPicture;
    try {
      opened = await picture.open();
    } catch (error) {
      leave();
      throw error;
    }
    // In-process requests (`app.request` in tests) have no connection.
    const socket = context.env?.incoming?.socket;
    let at = 0;
    let takenAt = Date.now();
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      leave();
      // A slice that is being read is read to its end first.
      opened.close().catch(() => {});
    };
    const cutOff = () => {
      end();
      socket?.destroy();
    };
    // A reader that takes nothing holds a file and its place.
    const timer = setInterval(() => {
      if (Date.now() - takenAt > limits.downloadIdleMs) cutOff();
    }, LOOK_MS).unref();
    evicted.signal.addEventListener('abort', cutOff);
    if (evicted.signal.aborted) cutOff();
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          takenAt = Date.now();
          try {
            const slice = await opened.read(at, SLICE_BYTES);
            at += slice.length;
            controller.enqueue(slice);
          } catch (error) {
            end();
            controller.error(error);
            return;
          }
          if (at < picture.bytes) return;
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
