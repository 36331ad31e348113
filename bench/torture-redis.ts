/**
 * Torture of the service in many processes: two bots (the built `dctoon bot`, Telegram by webhook and Discord by its
 * HTTP endpoint, behind a balancer) and three workers with simulated drawing on one Redis, under load from the loopback
 * platforms. Bots and workers are killed (SIGKILL) at random and started again, Redis once. Then every photo that a
 * platform handed over must have its cartoon, and exactly one.
 *
 *   npm run build && npx tsx bench/torture-redis.ts [seconds of load] [photos a second]
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { commandDefinitions } from '../src/bots/discord/command-definitions.ts';
import { readStyles } from '../src/inference/models/manifest.ts';
import { type Seen, settled, startLoopbackDiscord } from '../test/support/loopback-discord/index.ts';
import { LoopbackTelegram } from '../test/support/loopback-telegram/index.ts';
import { RedisServer } from '../test/support/redis.ts';
import { table } from './measure.ts';
import { SupervisedProcess } from './processes.ts';

const [seconds = '60', rate = '4'] = process.argv.slice(2);
const [BOTS, WORKERS, SERVICE_MS, USERS] = [2, 3, 310, 40];
const PATIENCE_MS = 120_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const secret = 'a-secret-of-32-characters-at-least';

const data = await mkdtemp(join(tmpdir(), 'dctoon-torture-'));
const redis = await RedisServer.start();
const telegram = await LoopbackTelegram.start();
const discord = await startLoopbackDiscord();
const styles = await readStyles(join(root, 'models'));
discord.world.globalCommands.push(
  ...(commandDefinitions(styles).map((command) => ({ ...command, id: discord.world.id() })) as never[]),
);
const portrait = await sharp(join(root, 'test/fixtures/astronaut.png')).resize(480, 512).jpeg().toBuffer();

// ---- what stands before the bots

const ports: number[] = [];
/** Passes a request on; another bot gets it when the first one cannot be reached, as with any balancer. */
async function balance(path: string, headers: Record<string, string>, body: Buffer): Promise<Response> {
  const first = Math.floor(Math.random() * ports.length);
  for (let attempt = 0; attempt < ports.length; attempt++) {
    const port = ports[(first + attempt) % ports.length];
    try {
      return await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers,
        body: new Uint8Array(body),
      });
    } catch (error) {
      const { code } = (error as { cause?: { code?: string } }).cause ?? {};
      // The connection broke: the bot may have taken the request in. Only Telegram sends it again.
      if (code !== 'ECONNREFUSED') break;
    }
  }
  return new Response(null, { status: 502 });
}
const KEPT_HEADERS = [
  'content-type',
  'x-telegram-bot-api-secret-token',
  'x-signature-ed25519',
  'x-signature-timestamp',
];
const balancer = createServer(async (request, response) => {
  const answer = await balance(request.url ?? '/', kept(request), await bodyOf(request));
  response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
}).listen(0, '127.0.0.1');
await once(balancer, 'listening');
const webhook = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}/telegram`;
discord.people.useEndpoint(async (request) => {
  const { pathname } = new URL(request.url);
  const headers = Object.fromEntries(request.headers);
  return balance(pathname, headers, Buffer.from(await request.arrayBuffer()));
});

function kept({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])),
  );
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

// ---- the processes

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

for (let i = 0; i < BOTS; i++) ports.push(await freePort());
const bots = await Promise.all(
  ports.map((port) =>
    SupervisedProcess.start({
      args: [join(root, 'dist/main.js'), 'bot'],
      env: {
        QUEUE_URL: redis.url,
        MODELS_DIR: join(root, 'models'),
        DATA_DIR: join(data, String(port)),
        WEB_HOST: '127.0.0.1',
        WEB_PORT: String(port),
        TELEGRAM_TOKEN: telegram.token,
        TELEGRAM_API_ROOT: telegram.root,
        TELEGRAM_WEBHOOK_URL: webhook,
        TELEGRAM_WEBHOOK_SECRET: secret,
        DISCORD_PUBLIC_KEY: discord.people.publicKey,
        DISCORD_API_ROOT: discord.apiRoot,
        LOG_LEVEL: 'info',
      },
      ready: /Telegram is on/,
    }),
  ),
);
const script = join(root, 'bench/simulated-worker.ts');
const workers = await Promise.all(
  Array.from({ length: WORKERS }, () =>
    SupervisedProcess.start({
      args: ['--import', 'tsx', script, redis.url, String(SERVICE_MS), '1'],
      ready: /ready/,
    }),
  ),
);

// ---- load and kills

const { channel } = discord.world.guild();
const telegramUsers = Array.from({ length: USERS }, () => telegram.newUser());
const discordUsers = Array.from({ length: USERS }, (_, i) => discord.world.person(`person${i}`));
const sent: { user: (typeof telegramUsers)[number]; message: number; at: number }[] = [];
const asked: Seen[] = [];
let refused = 0;

async function send(number: number): Promise<void> {
  // A photo of its own each, or Telegram's would be answered from the cache of results.
  const photo = Buffer.concat([portrait, Buffer.from(String(number))]);
  if (number % 2 === 0) {
    const user = telegramUsers[(number / 2) % USERS];
    if (!user) return;
    const { message_id } = await telegram.send(user, { photo });
    sent.push({ user, message: message_id, at: Date.now() });
    return;
  }
  const user = discordUsers[((number - 1) / 2) % USERS];
  if (!user) return;
  const image = { name: 'me.jpg', bytes: photo };
  try {
    asked.push(await discord.people.slash(user, { channel }, 'cartoonize', { image, style: '3d' }));
  } catch {
    // No bot acknowledged it: Discord says so to the person, and nothing was promised.
    refused += 1;
  }
}

const log = (text: string) =>
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const began = Date.now();
const end = began + Number(seconds) * 1000;
const pending: Promise<void>[] = [];
const load = (async () => {
  for (let number = 0; Date.now() < end; number++) {
    pending.push(send(number));
    await sleep(1000 / Number(rate));
  }
})();
const kills = (async () => {
  while (Date.now() < end) {
    await sleep(1500 + Math.random() * 2000);
    const everybody = [...bots, ...workers];
    const victim = everybody[Math.floor(Math.random() * everybody.length)];
    if (!victim) continue;
    const name = bots.includes(victim) ? `bot ${bots.indexOf(victim)}` : `worker ${workers.indexOf(victim)}`;
    log(`SIGKILL ${name}`);
    await victim.killAndRestart();
  }
})();
const restart = (async () => {
  await sleep((Number(seconds) * 1000) / 2);
  log('SIGKILL Redis');
  await redis.kill();
  await sleep(1000);
  await redis.restart();
  log('Redis is back');
})();
await Promise.all([load, kills, restart]);
await Promise.all(pending);
log(`load ends: ${sent.length} on Telegram, ${asked.length} on Discord`);

// ---- the books

const pictures = ({ user, message }: (typeof sent)[number]) =>
  telegram.pictures(telegram.dm(user), { message_id: message } as never).length;
const isAnswered = (seen: Seen) =>
  seen.reply !== undefined && settled(seen.reply) && seen.reply.attachments.length > 0;
const open = () =>
  sent.filter((one) => pictures(one) === 0).length + asked.filter((seen) => !isAnswered(seen)).length;
for (const deadline = Date.now() + PATIENCE_MS; open() > 0 && Date.now() < deadline; ) await sleep(200);
log(`${open()} without an answer`);
// What would come twice comes now: after the lease of whoever was killed last.
await sleep(20_000);

const twice = sent.filter((one) => pictures(one) > 1);
const twiceOnDiscord = asked.filter(
  (seen) => seen.followUps.length > 0 || (seen.reply?.attachments.length ?? 0) > 1,
);
console.log(
  table([
    {
      'photos on Telegram': sent.length,
      'on Discord': asked.length,
      'not acknowledged by Discord': refused,
      'bots killed': bots.reduce((sum, { kills }) => sum + kills, 0),
      'workers killed': workers.reduce((sum, { kills }) => sum + kills, 0),
      'Redis killed': 1,
      lost: open(),
      'answered twice': twice.length + twiceOnDiscord.length,
    },
  ]),
);
for (const one of sent.filter((other) => pictures(other) !== 1)) {
  console.log(`telegram ${one.user.id}/${one.message}: ${pictures(one)} answers`);
}
for (const seen of asked.filter((other) => !isAnswered(other))) {
  console.log(`discord ${seen.interaction.id}: ${JSON.stringify(seen.reply?.content)}`);
}
if (process.env['VERBOSE']) console.log([...bots, ...workers].map(({ output }) => output).join('\n----\n'));
const failed = open() > 0 || twice.length > 0 || twiceOnDiscord.length > 0;

await Promise.all([...bots, ...workers].map((child) => child.stop('SIGKILL')));
balancer.closeAllConnections();
balancer.close();
await Promise.all([telegram.close(), discord.close()]);
await redis.stop();
await rm(data, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
