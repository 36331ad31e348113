/**
 * A Discord on 127.0.0.1: REST v10, the CDN and the gateway on one port, for an unmodified discord.js client.
 *
 * Modelled: 3 s acknowledgement (10062), double acknowledgement (40060), 15 minutes of token (50027), 10015, 10008,
 * 5 follow-ups for user installs (40094), file and request sizes (40005), signed links that expire, refresh-urls,
 * nonces, registered commands, 4004, 4014, heartbeats, resume with replay, the content rules without MESSAGE_CONTENT,
 * faults by method and path. Every body is checked against Discord's own specification (`violations`).
 * Not modelled: real rate-limit buckets, permissions (inject 50013), threads and forums, compression.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, readBody } from './bodies.ts';
import { Gateway } from './gateway.ts';
import { People } from './people.ts';
import { route } from './rest.ts';
import { checkBody } from './spec.ts';
import type { Call } from './types.ts';
import { isCallback } from './webhooks.ts';
import { World } from './world.ts';

export type { Place } from './people.ts';
export { componentsOf, type Seen, settled } from './seen.ts';
export * from './types.ts';

export interface LoopbackDiscord {
  readonly world: World;
  readonly gateway: Gateway;
  readonly people: People;
  /** For `DISCORD_API_ROOT`. */
  readonly apiRoot: string;
  close(): Promise<void>;
}

const API = '/api/v10';

export async function startLoopbackDiscord(): Promise<LoopbackDiscord> {
  const world = new World();
  const gateway = new Gateway(world);
  const people = new People(world, gateway);
  const context = {
    world,
    gatewayUrl: () => gateway.url(),
    shards: () => gateway.shards,
    dispatchMessage: (message: Parameters<People['announce']>[0]) => {
      const channel = world.channels.get(message.channel_id);
      if (channel) people.announce(message, channel);
    },
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const work = pathname.startsWith(`${API}/`)
      ? answer(request, response, pathname.slice(API.length), searchParams)
      : serveFile(response, pathname, searchParams);
    work.catch((error: unknown) => response.destroy(error as Error)).finally(() => world.changed());
  });
  server.on('upgrade', (request, socket, head) => gateway.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    const { authorization } = request.headers;
    const call: Call = {
      method,
      path,
      body: body.json,
      files: [...body.files.values()],
      authorization,
      at: world.now(),
      status: 0,
    };
    world.calls.push(call);
    world.violations.push(...checkBody(method, path, body.json).map((text) => `${method} ${path}: ${text}`));
    const fault = world.takeFault(method, path, body.files.size);
    if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    const reply = (status: number, json?: unknown, headers: Readonly<Record<string, string>> = {}) => {
      call.status = status;
      const type = json === undefined ? {} : { 'content-type': 'application/json' };
      response.writeHead(status, { ...type, ...headers });
      response.end(json === undefined ? undefined : JSON.stringify(json));
    };
    if (fault && !fault.afterwards)
      return reply(fault.status, fault.body ?? { message: 'fault' }, fault.headers);
    try {
      const result = await route(context, method, path, query, body, authorization);
      if (fault) reply(fault.status, fault.body ?? { message: 'fault' }, fault.headers);
      else if (result === undefined || isCallback(path)) reply(204);
      else reply(200, result);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      reply(error.status, { code: error.code, message: error.message });
    }
  }

  /** The CDN. Attachments need a signed link in time; avatars and stickers do not. */
  async function serveFile(
    response: ServerResponse,
    pathname: string,
    query: URLSearchParams,
  ): Promise<void> {
    const file = world.files.get(pathname);
    const open = /^\/(avatars|stickers|embed|guilds|external)\//.test(pathname);
    const fault = world.takeFault('GET', pathname);
    if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault && fault.status !== 200) return void response.writeHead(fault.status, fault.headers).end();
    if (!file || !(open || world.isValidLink(pathname, query))) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length });
    response.end(file.bytes);
  }

  return {
    world,
    gateway,
    people,
    apiRoot: `${world.origin}/api`,
    close: async () => {
      gateway.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
