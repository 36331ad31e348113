/** A Redis of its own for a test: Debian's redis-server on a free loopback port, with an append-only file, in a folder that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export class RedisServer {
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.#folder = folder;
    this.#port = port;
    this.#settings = settings;
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** @param settings more of redis-server's own, e.g. `['--maxmemory', '20mb']` */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'dctoon-redis-'));
    const server = new RedisServer(folder, await freePort(), settings);
    await server.restart();
    return server;
  }

  /** Starts it, or starts it again on the same port and data. Resolves when it answers. */
  async restart(): Promise<void> {
    await this.kill('SIGTERM');
    const options = {
      '--port': String(this.#port),
      '--bind': '127.0.0.1',
      '--dir': this.#folder,
      '--save': '',
      '--appendonly': 'yes',
      '--appendfsync': 'everysec',
      '--maxmemory-policy': 'noeviction',
    };
    this.#process = spawn('redis-server', [...Object.entries(options).flat(), ...this.#settings], {
      stdio: 'ignore',
    });
    const child = this.#process;
    // A test that breaks must not leave it behind.
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    const probe = new Redis(this.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    probe.on('error', () => {});
    try {
      for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
        if ((await probe.ping().catch(() => '')) === 'PONG') return;
        if (Date.now() > deadline) throw new Error('redis-server does not answer');
      }
    } finally {
      probe.disconnect();
    }
  }

  async kill(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}
