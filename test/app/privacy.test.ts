/** What `/privacy` promises, on the started service: a photo and its cartoon are gone in time, and no secret is left. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackDiscord } from '../support/loopback-discord/index.ts';
import type { LoopbackTelegram } from '../support/loopback-telegram/index.ts';
import { astronaut } from '../support/photos.ts';
import { type Platforms, startPlatforms } from '../support/platforms.ts';
import { build, ServiceProcess } from '../support/service.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };
const API_KEY = 'an-api-key-that-nobody-may-see';
const METRICS_TOKEN = 'a-token-for-metrics-that-nobody-may-see';

let platforms: Platforms;
let telegram: LoopbackTelegram;
let discord: LoopbackDiscord;
let face: Buffer;
beforeAll(async () => {
  await build();
  platforms = await startPlatforms();
  ({ telegram, discord } = platforms);
  face = await sharp(await astronaut())
    .resize(200)
    .jpeg()
    .toBuffer();
}, 120_000);
afterAll(() => platforms.close());

let service: ServiceProcess;
afterEach(() => service.dispose());

async function start(env: Readonly<Record<string, string>>): Promise<string> {
  service = await ServiceProcess.start({
    ...platforms.env,
    WEB_API_KEY: API_KEY,
    METRICS_TOKEN,
    ...env,
  });
  await service.says(/Telegram is on/);
  await service.says(/discord connected/);
  await discord.world.until(() => discord.world.globalCommands.length > 0, 'commands');
  return service.url();
}

/** A photo that can be found again in any file that holds it, or any part of it. */
function marked(): { photo: Buffer; mark: Buffer } {
  const mark = randomBytes(24);
  return { photo: Buffer.concat([face, mark]), mark };
}

/** Files of the data folder that hold any of these. */
async function filesWith(needles: readonly (Buffer | string)[]): Promise<string[]> {
  const entries = await readdir(service.dataDir, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    if (needles.some((needle) => bytes.includes(needle))) found.push(path.slice(service.dataDir.length + 1));
  }
  return found.sort();
}

const headers = { authorization: `Bearer ${API_KEY}` };
function post(url: string, photo: Uint8Array, path = '/api/jobs'): Promise<Response> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(photo)]), 'me.jpg');
  return fetch(`${url}${path}`, { method: 'POST', body: form, headers });
}

describe('a photo', { timeout: 180_000 }, () => {
  it('is gone one minute after the answer, if one minute was promised', async () => {
    const url = await start({ KEEP_MINUTES: '1' });
    const [onTelegram, onDiscord, onPage] = [marked(), marked(), marked()];
    const marks = [onTelegram.mark, onDiscord.mark, onPage.mark];
    const user = telegram.newUser();
    const source = await telegram.send(user, { photo: onTelegram.photo });
    const { channel } = discord.world.guild();
    const seen = await discord.people.slash(discord.world.person('someone'), { channel }, 'cartoonize', {
      image: { name: 'me.jpg', bytes: onDiscord.photo },
    });
    const job = (await (await post(url, onPage.photo)).json()) as { url: string };
    const result = () => fetch(`${url}${job.url}/result`, { headers });
    await expect.poll(() => telegram.pictures(telegram.dm(user), source).length, PATIENCE).toBe(1);
    await seen.until(undefined, PATIENCE.timeout);
    await expect.poll(async () => (await result()).status, PATIENCE).toBe(200);
    const answered = Date.now();
    // The original of "another style" on Discord is all that is kept of the photos; the spool is empty at once.
    await expect
      .poll(() => filesWith(marks), PATIENCE)
      .toEqual([expect.stringMatching(/^discord\/originals\//)]);
    const spool = await readdir(join(service.dataDir, 'spool'), { recursive: true, withFileTypes: true });
    const names = spool.filter((entry) => entry.isFile()).map((entry) => entry.name);
    expect(names.sort()).toEqual(['finished.log', 'lock']);

    await sleep(answered + 61_000 - Date.now());
    expect(await filesWith(marks)).toEqual([]);
    expect((await result()).status).toBe(404);
    expect(await readdir(join(service.dataDir, 'page'))).toEqual(['tmp']);
  });

  it('is kept nowhere, if nothing may be kept', async () => {
    const url = await start({ KEEP_MINUTES: '0' });
    const { photo, mark } = marked();
    const { channel } = discord.world.guild();
    const seen = await discord.people.slash(discord.world.person('other'), { channel }, 'cartoonize', {
      image: { name: 'me.jpg', bytes: photo },
    });
    expect((await post(url, photo, '/upload')).status).toBe(200);
    await seen.until(undefined, PATIENCE.timeout);
    await expect.poll(() => filesWith([mark]), PATIENCE).toEqual([]);
  });
});

it('no secret is in any line of a full run, nor in any file it leaves, whatever goes wrong meanwhile', async () => {
  const url = await start({ LOG_LEVEL: 'trace' });
  const { world, people } = discord;
  const { channel } = world.guild();
  const user = telegram.newUser();
  // Every kind of trouble that makes clients throw errors full of addresses and bodies.
  telegram.fault({ method: 'getFile', drop: 'before', times: 5 });
  telegram.fault({ method: 'download', error: { code: 404, description: 'Not Found' } });
  telegram.fault({ method: 'sendMessage', drop: 'after' });
  telegram.fault({ method: 'editMessageMedia', error: { code: 500, description: 'Internal Server Error' } });
  telegram.fault({ method: 'editMessageMedia', drop: 'before', times: 5 });
  world.fault({ method: 'PATCH', path: /@original/, status: 500, times: 4 });
  world.fault({ path: /attachments/, status: 500 });
  for (let i = 0; i < 4; i++) await telegram.send(user, { photo: marked().photo });
  const commands = [];
  for (let i = 0; i < 4; i++) {
    const image = { name: 'me.jpg', bytes: i === 0 ? Buffer.from('no picture') : face };
    commands.push(await people.slash(world.person(`p${i}`), { channel }, 'cartoonize', { image }));
  }
  for (const wrong of ['', 'wrong', `${API_KEY}x`]) {
    const refused = await fetch(`${url}/api/styles`, { headers: { authorization: `Bearer ${wrong}` } });
    expect(refused.status).toBe(401);
  }
  expect((await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
  const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  const bodies = [await metrics.text(), await (await fetch(url)).text()];
  for (const path of ['/api/styles', '/readyz', '/openapi.json', '/nothing'])
    bodies.push(await (await fetch(`${url}${path}`, { headers })).text());
  for (const seen of commands) await seen.until(undefined, 60_000);
  await expect
    .poll(() => telegram.pictures(telegram.dm(user)).length, { timeout: 60_000, interval: 50 })
    .toBeGreaterThanOrEqual(2);
  expect(await service.stop()).toBe(0);

  const interactions = [...world.interactions.keys()];
  const secrets = [telegram.token, world.token, API_KEY, METRICS_TOKEN, ...interactions];
  // The secret half of a token is enough.
  secrets.push(telegram.token.split(':')[1] ?? '');
  const said = service.output + bodies.join('');
  expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
  expect(service.output).toContain('trying again');
  expect(await filesWith(secrets)).toEqual([]);
}, 180_000);
