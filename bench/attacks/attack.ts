/** What an attack is, and what attackers use: connections and requests from any loopback address. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { ServiceProcess } from '../../test/support/service.ts';

export interface Attack {
  /** As a row of the table calls it. */
  readonly name: string;
  /** Settings of the service that the attack needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Makes what it sends, before its time begins. Default: nothing. */
  readonly prepare?: () => Promise<readonly Buffer[]>;
  /**
   * Attacks until `signal` aborts or all is sent.
   * @param prepared what `prepare` made
   * @returns what the stranger gained that memory, health and the visitor's wait do not show; undefined: nothing
   */
  run(target: Target, signal: AbortSignal, prepared: readonly Buffer[]): Promise<string | undefined>;
}

/** Where a disturbance from the machine itself takes place. */
export interface Place {
  readonly service: ServiceProcess;
  /** Its settings. */
  readonly env: Readonly<Record<string, string>>;
  /** Of the Redis that it uses, if it does. */
  readonly redisUrl: string;
}

/** What comes from the machine that the service is on, not through its port. */
export interface Neighbour {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Its queue is on a Redis. */
  readonly usesRedis?: boolean;
  /** As `Attack.run`. */
  disturb(place: Place, signal: AbortSignal): Promise<string | undefined>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Loopback address it comes from. Default: `ATTACKER` */
  readonly from?: string;
  /** Milliseconds until it is given up. Default: 30,000 */
  readonly timeoutMs?: number;
}

/** On Linux all of 127.0.0.0/8 is this machine, so that one process can be many visitors. */
const ATTACKER = '127.0.0.9';
export const VISITOR = '127.0.0.2';
export const WATCHER = '127.0.0.3';
/** One of many who work together. */
export const accomplice = (number: number) => `127.1.0.${1 + number}`;

/** The service under attack. */
export class Target {
  readonly host = '127.0.0.1';
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** A connection for bytes of the attacker's choice. What goes wrong with it does not matter. */
  connect(from: string = ATTACKER): Socket {
    const socket = connect({ host: this.host, port: this.port, localAddress: from });
    socket.on('error', () => {});
    return socket;
  }

  /** One request on a connection of its own. Rejects when there is no answer. */
  request(options: RequestOptions): Promise<Answer> {
    const { method = 'GET', path, headers = {}, body, from = ATTACKER, timeoutMs = 30_000 } = options;
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: this.host,
          port: this.port,
          localAddress: from,
          agent: false,
          method,
          path,
          headers: { ...headers, ...(body && { 'content-length': body.length }) },
          signal: AbortSignal.timeout(timeoutMs),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('error', reject);
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Sends a photo as a job and returns its id. */
  async submit(photo: Uint8Array, fields: Record<string, string>, options: Partial<RequestOptions> = {}) {
    const { type, body } = await form(photo, fields);
    const headers = { 'content-type': type, ...options.headers };
    return this.request({ ...options, method: 'POST', path: '/api/jobs', headers, body });
  }
}

export const jobOf = ({ body }: Answer): string => (JSON.parse(body.toString()) as { id: string }).id;

/** A form with one photo, as browsers send it. */
export async function form(
  photo: Uint8Array,
  fields: Readonly<Record<string, string>> = {},
): Promise<{ type: string; body: Buffer }> {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append('file', new Blob([new Uint8Array(photo)], { type: 'image/jpeg' }), 'photo.jpg');
  const response = new Response(data);
  return {
    type: response.headers.get('content-type') ?? '',
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** Resolves when the attack is over. */
export const ends = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Waits, but no longer than the attack lasts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const timer = AbortSignal.timeout(ms);
  await ends(AbortSignal.any([timer, signal]));
}
