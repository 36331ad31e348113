/**
 * The started service under attack: every attack for a few seconds, beside a visitor who behaves and a health check
 * every 100 ms, each on a service of its own.
 *
 *   npm run attack -- [part of an attack's name ...]
 *
 * It holds when the main process stays within `MOST_MB_MORE` of its idle size and comes back to within a fifth of it,
 * the health check always answers within `HEALTH_MS` and the visitor's photo within `VISITOR_MS`, and the attacker gains
 * nothing. Exit code 1 when an attack is not held off. Other work on the machine makes the times longer.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { astronaut } from '../test/support/photos.ts';
import { type Platforms, startPlatforms } from '../test/support/platforms.ts';
import { RedisServer } from '../test/support/redis.ts';
import { build, residentMb, ServiceProcess } from '../test/support/service.ts';
import { type Attack, form, type Neighbour, type Place, Target, VISITOR, WATCHER } from './attacks/attack.ts';
import { ATTACKS, NEIGHBOURS } from './attacks/index.ts';
import { table } from './measure.ts';

const MOST_MB_MORE = 150;
const HEALTH_MS = 500;
const VISITOR_MS = 3000;
const ATTACK_MS = 8000;
/** After the first photos, until the garbage of them is collected. */
const REST_MS = 6000;
/** How long what an attack has taken may still be held: time limits of the service have to pass. */
const RECOVERY_MS = 45_000;
const ATTACKER = fileURLToPath(new URL('attacks/attacker.ts', import.meta.url));
/** Longer than any answer may take. */
const GIVE_UP_MS = 30_000;

interface Measures {
  readonly before: number;
  readonly most: number;
  readonly after: number;
  readonly healthMs: number;
  readonly visitorMs: number;
  readonly gained: string | undefined;
}

/** Asks again and again until it is stopped; the longest wait in milliseconds, or `GIVE_UP_MS` when there was no answer. */
function worst(ask: () => Promise<number>, everyMs: number): () => Promise<number> {
  let isOver = false;
  const loop = (async () => {
    let longest = 0;
    while (!isOver) {
      const begun = performance.now();
      const status = await ask().catch(() => 0);
      longest = Math.max(longest, status === 200 ? performance.now() - begun : GIVE_UP_MS);
      await sleep(everyMs);
    }
    return longest;
  })();
  return () => {
    isOver = true;
    return loop;
  };
}

/** A square portrait as a form. */
async function portrait(width: number) {
  return form(
    await sharp(await astronaut())
      .resize(width, width)
      .jpeg()
      .toBuffer(),
  );
}

/** Runs it, in a process of its own if it comes through the port; resolves to what was gained. */
async function run(attack: Attack | Neighbour, target: Target, place: Place): Promise<string | undefined> {
  if ('disturb' in attack) return attack.disturb(place, AbortSignal.timeout(ATTACK_MS));
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--import', 'tsx', ATTACKER, attack.name, String(target.port), String(ATTACK_MS)],
  ]);
  return (JSON.parse(stdout) as { gained?: string }).gained;
}

async function measure(attack: Attack | Neighbour, platforms: Platforms): Promise<Measures> {
  const redis = 'usesRedis' in attack && attack.usesRedis ? await RedisServer.start() : undefined;
  try {
    return await measureOn(attack, platforms, redis?.url ?? '');
  } finally {
    await redis?.stop();
  }
}

async function measureOn(
  attack: Attack | Neighbour,
  platforms: Platforms,
  redisUrl: string,
): Promise<Measures> {
  const env = {
    ...platforms.env,
    WEB_HOST: '127.0.0.1',
    TELEGRAM_WEBHOOK_URL: 'https://cartoons.example/telegram',
    TELEGRAM_WEBHOOK_SECRET: 'a-secret-that-no-attacker-knows-0123456789',
    DISCORD_PUBLIC_KEY: platforms.discord.people.publicKey,
    LOG_LEVEL: 'info',
    ...(redisUrl && { QUEUE_URL: redisUrl }),
    ...attack.env,
  };
  const service = await ServiceProcess.start(env);
  try {
    const started = await service.says(/http:\/\/127\.0\.0\.1:(\d+)/);
    const target = new Target(Number(started[1]));
    const [photo, phonePhoto] = await Promise.all([512, 3500].map(portrait));
    const upload = async (sent = photo) => {
      const { status } = await target.request({
        method: 'POST',
        path: '/upload',
        headers: { 'content-type': sent?.type ?? '' },
        body: sent?.body ?? Buffer.alloc(0),
        from: VISITOR,
        timeoutMs: GIVE_UP_MS,
      });
      return status;
    };
    const health = async () => {
      const { status } = await target.request({ path: '/healthz', from: WATCHER, timeoutMs: GIVE_UP_MS });
      return status;
    };
    // Idle is how it rests after ordinary use: networks and libraries are loaded by the first photos.
    for (let number = 0; number < 3; number++) await upload();
    for (let number = 0; number < 2; number++) await upload(phonePhoto);
    await sleep(REST_MS);
    const before = await residentMb(service.pid);

    let most = before;
    const memory = setInterval(() => {
      residentMb(service.pid).then(
        (now) => {
          most = Math.max(most, now || 0);
        },
        () => {},
      );
    }, 100);
    const stopHealth = worst(health, 100);
    const stopVisitor = worst(() => upload(), 500);
    const gained = await run(attack, target, { service, env, redisUrl });
    const [healthMs, visitorMs] = await Promise.all([stopHealth(), stopVisitor()]);
    // Somebody always watches; a process that does nothing at all does not clean up either.
    const stopWatching = worst(health, 100);
    const deadline = Date.now() + RECOVERY_MS;
    let after = await residentMb(service.pid);
    while (after > 1.2 * before && Date.now() < deadline) {
      await sleep(500);
      after = await residentMb(service.pid);
    }
    await stopWatching();
    clearInterval(memory);
    return { before, most, after, healthMs, visitorMs, gained };
  } finally {
    await service.dispose();
  }
}

/** What is not as promised, in words; undefined: it holds. */
function fault({ before, most, after, healthMs, visitorMs, gained }: Measures): string | undefined {
  if (gained !== undefined) return gained;
  // A process that has ended has no size.
  if (!(most - before <= MOST_MB_MORE)) return 'memory';
  if (!(after <= 1.2 * before)) return 'memory stays';
  if (healthMs > HEALTH_MS) return 'health check';
  return visitorMs > VISITOR_MS ? 'the visitor waits' : undefined;
}

const wanted = process.argv.slice(2);
const attacks = [...ATTACKS, ...NEIGHBOURS].filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
await build();
const platforms = await startPlatforms();
const rows = [];
let held = 0;
for (const attack of attacks) {
  const measures = await measure(attack, platforms);
  const { before, most, after, healthMs, visitorMs } = measures;
  const problem = fault(measures);
  if (problem === undefined) held += 1;
  console.info(`${attack.name}: ${problem ?? 'holds'}`);
  rows.push({
    attack: attack.name,
    'main MB before, most, after': [before, most, after].map((megabytes) => Math.round(megabytes)).join(', '),
    'health check worst': `${Math.round(healthMs)} ms`,
    "visitor's photo answered after": `${(visitorMs / 1000).toFixed(1)} s`,
    verdict: problem ?? 'holds',
  });
}
await platforms.close();
console.log(`\n${table(rows)}\n\n${held} of ${attacks.length} hold`);
process.exit(held === attacks.length ? 0 : 1);
