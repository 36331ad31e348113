/**
 * Refuses who is far beyond the limit of requests before anything is made of them: a refusal has to be cheaper than
 * sending the next request, and a connection full of them ends with the first.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { FixedWindow } from './limits.ts';

export interface FloodGuardOptions {
  /** Requests per minute and visitor that are refused in words by the limit behind this one; 0 = no limit. */
  readonly requestsPerMinute: number;
  /** Who is asking. */
  readonly visitorOf: (incoming: IncomingMessage) => string;
  /** Paths that are never refused: those who call them have proofs of their own. */
  readonly exempt: readonly string[];
  /** Paths that are counted by themselves: whoever watches the service may share an address with everybody else. */
  readonly watched: readonly string[];
}

/** So many times the limit is no mistake any more. */
const FAR_BEYOND = 2;
const WINDOW_MS = 60_000;

/** Requests of one connection that may be unanswered: browsers and proxies send one after the other. */
const MOST_UNANSWERED = 10;

/** @returns whether the request was refused; then it has its answer, or its connection has ended */
export function createFloodGuard({ requestsPerMinute, visitorOf, exempt, watched }: FloodGuardOptions) {
  const requests = new FixedWindow(FAR_BEYOND * requestsPerMinute, WINDOW_MS);
  const watches = new FixedWindow(FAR_BEYOND * requestsPerMinute, WINDOW_MS);
  const unanswered = new WeakMap<Socket, number>();
  return (incoming: IncomingMessage, outgoing: ServerResponse): boolean => {
    const { socket } = incoming;
    // Those that were read along with the one that ended it.
    if (socket.destroyed) return true;
    const open = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, open);
    outgoing.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    if (open > MOST_UNANSWERED) {
      socket.destroy();
      return true;
    }
    const path = incoming.url?.split('?', 1)[0] ?? '';
    if (exempt.includes(path)) return false;
    const seconds = (watched.includes(path) ? watches : requests).hit(visitorOf(incoming));
    if (seconds === 0) return false;
    outgoing.writeHead(429, { Connection: 'close', 'Content-Length': '0', 'Retry-After': String(seconds) });
    outgoing.end();
    return true;
  };
}
