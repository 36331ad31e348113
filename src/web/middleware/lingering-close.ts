/**
 * Refusing a request whose body is still on its way. Closing at once would reset the connection under the sender,
 * who then sees a network error instead of the answer; so the rest is read and thrown away for a while first, as
 * other servers do under the name of lingering close.
 */
import type { IncomingMessage } from 'node:http';
import type { WebContext } from '../types.ts';

/** Nobody sends so much by mistake and waits for the answer. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Discards what is left of a request's body.
 * @param ms how long at most
 * @returns whether the request is complete, so that its connection can be used again
 */
async function discardRest(incoming: IncomingMessage, ms: number): Promise<boolean> {
  if (incoming.complete) return true;
  if (incoming.destroyed || Number(incoming.headers['content-length']) > MOST_BYTES) return false;
  // A web stream that was begun on this body would keep every chunk of it for a reader that has gone.
  incoming.removeAllListeners('data');
  let bytes = 0;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      incoming.off('data', count).off('end', done).off('close', done).off('error', done);
      resolve();
    }
    function count(chunk: Uint8Array) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) done();
    }
    incoming.on('data', count).on('end', done).on('close', done).on('error', done);
    incoming.resume();
  });
  return incoming.complete;
}

/** Answers requests whose body was not read to its end. */
export function lingeringClose(ms: number) {
  return async (context: WebContext, next: () => Promise<void>) => {
    await next();
    const incoming = context.env?.incoming;
    if (!incoming || context.req.method === 'GET' || context.req.method === 'HEAD') return;
    // Who sends too slowly gets no more time.
    const complete = context.res.status === 408 ? incoming.complete : await discardRest(incoming, ms);
    if (!complete) context.header('Connection', 'close');
  };
}
