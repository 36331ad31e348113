/** Gateway v10 over JSON: identify, heartbeat, dispatch, resume with replay, reconnect, and the refusals 4004 and 4014. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayIntentBits } from 'discord.js';
import { type WebSocket, WebSocketServer } from 'ws';
import type { World } from './world.ts';

const PRIVILEGED =
  GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildPresences | GatewayIntentBits.MessageContent;

interface Session {
  readonly id: string;
  readonly intents: number;
  readonly shard: readonly [number, number];
  readonly sent: { readonly s: number; readonly t: string; readonly d: unknown }[];
  socket: WebSocket | undefined;
  sequence: number;
}

export class Gateway {
  readonly #world: World;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly sessions: Session[] = [];
  /** What the client said on connecting, for assertions. */
  readonly identified: { intents: number; shard: readonly [number, number] }[] = [];
  resumed = 0;
  heartbeats = 0;
  heartbeatMs = 41_250;
  shards = 1;

  constructor(world: World) {
    this.#world = world;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => this.#greet(client));
  }

  /** Sends an event to every shard it belongs to; kept for a resume when nobody is connected. */
  dispatch(
    type: string,
    data: unknown,
    options: { guildId?: string | undefined; intent?: number } = {},
  ): void {
    for (const session of this.sessions) {
      const [id, total] = session.shard;
      const shard = options.guildId ? Number((BigInt(options.guildId) >> 22n) % BigInt(total)) : 0;
      const wanted = options.intent === undefined || (session.intents & options.intent) !== 0;
      if (id === shard && wanted) this.#send(session, type, data);
    }
  }

  /** Cuts the connections without a word, as a network does. */
  drop(): void {
    for (const session of this.sessions) session.socket?.terminate();
  }

  /** Asks the clients to reconnect (op 7). */
  requestReconnect(): void {
    for (const session of this.sessions) session.socket?.send(JSON.stringify({ op: 7, d: null }));
  }

  get connected(): number {
    return this.sessions.filter((session) => session.socket?.readyState === 1).length;
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  #greet(client: WebSocket): void {
    let session: Session | undefined;
    let lastBeat = Date.now();
    const watch = setInterval(() => {
      if (Date.now() - lastBeat > this.heartbeatMs * 2) client.close(4009, 'Session timed out');
    }, this.heartbeatMs);
    client.on('close', (code) => {
      clearInterval(watch);
      if (!session || session.socket !== client) return;
      session.socket = undefined;
      // A normal closure ends the session: nothing is kept for a resume.
      if (code === 1000 || code === 1001) this.sessions.splice(this.sessions.indexOf(session), 1);
    });
    client.on('message', (raw) => {
      const { op, d } = JSON.parse(String(raw)) as { op: number; d: never };
      if (op === 1) {
        lastBeat = Date.now();
        this.heartbeats += 1;
        client.send(JSON.stringify({ op: 11, d: null }));
      } else if (op === 2) session = this.#identify(client, d);
      else if (op === 6) session = this.#resume(client, d);
    });
    client.send(JSON.stringify({ op: 10, d: { heartbeat_interval: this.heartbeatMs } }));
  }

  #identify(
    client: WebSocket,
    d: { token: string; intents: number; shard?: [number, number] },
  ): Session | undefined {
    const world = this.#world;
    if (d.token !== world.token) return void client.close(4004, 'Authentication failed.');
    if ((d.intents & PRIVILEGED) !== 0) return void client.close(4014, 'Disallowed intent(s).');
    const shard = d.shard ?? [0, 1];
    this.identified.push({ intents: d.intents, shard });
    const session: Session = {
      id: randomUUID().replaceAll('-', ''),
      intents: d.intents,
      shard,
      sent: [],
      socket: client,
      sequence: 0,
    };
    this.sessions.push(session);
    this.#send(session, 'READY', {
      v: 10,
      user: world.bot,
      guilds: [...world.guilds].map((id) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: this.url(),
      application: world.application,
      shard,
    });
    return session;
  }

  #resume(client: WebSocket, d: { token: string; session_id: string; seq: number }): Session | undefined {
    const session = this.sessions.find((one) => one.id === d.session_id);
    if (d.token !== this.#world.token) return void client.close(4004, 'Authentication failed.');
    if (!session) return void client.send(JSON.stringify({ op: 9, d: false }));
    session.socket = client;
    this.resumed += 1;
    for (const event of session.sent) {
      if (event.s > d.seq) client.send(JSON.stringify({ op: 0, ...event }));
    }
    this.#send(session, 'RESUMED', {});
    return session;
  }

  #send(session: Session, t: string, d: unknown): void {
    session.sequence += 1;
    const event = { s: session.sequence, t, d: structuredClone(d) };
    session.sent.push(event);
    session.socket?.send(JSON.stringify({ op: 0, ...event }));
  }

  url(): string {
    return this.#world.origin.replace(/^http/, 'ws');
  }
}
