/**
 * The started service, killed with SIGKILL in every stage of a photo's life, on both platforms: the next process
 * answers, once. And the orderly ends: SIGTERM with work left, a second signal, a photo that kills.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, Update, User } from 'grammy/types';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTexts } from '../../src/texts/index.ts';
import type { APIMessage, LoopbackDiscord } from '../support/loopback-discord/index.ts';
import type { LoopbackTelegram, Room } from '../support/loopback-telegram/index.ts';
import { astronaut } from '../support/photos.ts';
import { type Platforms, startPlatforms } from '../support/platforms.ts';
import { build, ServiceProcess } from '../support/service.ts';

const en = createTexts('en');
const PATIENCE = { timeout: 40_000, interval: 30 };

let platforms: Platforms;
let telegram: LoopbackTelegram;
let discord: LoopbackDiscord;
let small: Buffer;
let large: Buffer;
beforeAll(async () => {
  await build();
  platforms = await startPlatforms();
  ({ telegram, discord } = platforms);
  small = await sharp(await astronaut())
    .resize(200)
    .jpeg()
    .toBuffer();
  large = await sharp(await astronaut())
    .resize(2000)
    .jpeg()
    .toBuffer();
}, 120_000);
afterAll(() => platforms.close());

let dataDir: string;
const started: ServiceProcess[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'dctoon-crash-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.dispose()));
  await rm(dataDir, { recursive: true, force: true });
  expect(telegram.violations).toEqual([]);
  expect(discord.world.violations).toEqual([]);
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
  const service = await ServiceProcess.start({
    DATA_DIR: dataDir,
    ...platforms.env,
    ...env,
  });
  started.push(service);
  await service.says(/Telegram is on/);
  await service.says(/discord connected/);
  await discord.world.until(() => discord.world.globalCommands.length > 0, 'commands');
  return service;
}

/** What is left of photos on the disk. */
async function leftovers(): Promise<string[]> {
  const folders = ['spool/queued', 'spool/processing', 'spool/delivering', 'spool/blobs'];
  const names = await Promise.all(folders.map((folder) => readdir(join(dataDir, folder))));
  return names.flat();
}

describe('a photo on Telegram', { timeout: 120_000 }, () => {
  let user: User;
  let room: Room;
  beforeEach(() => {
    user = telegram.newUser();
    room = telegram.dm(user);
  });

  /** Exactly one cartoon to every source, and nothing else but what may be doubled: the sign that stands for one. */
  async function expectOneAnswerEach(sources: readonly Message[], orphans = 0): Promise<void> {
    for (const source of sources) {
      await expect.poll(() => telegram.pictures(room, source).length, PATIENCE).toBe(1);
    }
    await expect.poll(leftovers, PATIENCE).toEqual([]);
    await sleep(500);
    for (const source of sources) expect(telegram.pictures(room, source)).toHaveLength(1);
    const texts = telegram.botMessages(room).flatMap((message) => message.text ?? []);
    expect(texts.every((text) => text === '🎨') && texts.length <= orphans).toBe(true);
  }

  async function untilCalled(method: string): Promise<void> {
    const isHere = (payload: Readonly<Record<string, unknown>>) => payload['chat_id'] === room.chat.id;
    const called = () => telegram.callsOf(method).some((call) => isHere(call.payload));
    await expect.poll(called, PATIENCE).toBe(true);
  }

  it('killed while it is being fetched', async () => {
    const first = await start();
    telegram.fault({ method: 'download', delayMs: 60_000 });
    const downloads = telegram.downloads.length;
    const source = await telegram.send(user, { photo: small });
    await expect.poll(() => telegram.downloads.length, PATIENCE).toBeGreaterThan(downloads);
    await first.kill();
    await start();
    await expectOneAnswerEach([source]);
  });

  it('killed while it is drawn, and others wait', async () => {
    const first = await start();
    const sources = [];
    for (const photo of [large, small, small]) {
      // The same photo would be answered from the cache.
      const image = await sharp(photo)
        .modulate({ brightness: 0.5 + Math.random() })
        .jpeg()
        .toBuffer();
      sources.push(await telegram.send(user, { photo: image }));
    }
    await first.says(/photo processing/);
    await first.kill();
    await start();
    await expectOneAnswerEach(sources);
  });

  it.each([
    ['begun', 'sendMessage', 1],
    ['given', 'editMessageMedia', 0],
  ] as const)('killed while its answer is being %s', async (_name, method, orphans) => {
    const first = await start();
    // Telegram does it, but the answer never comes back.
    telegram.fault({ method, delayMs: 1500, when: (payload) => payload['chat_id'] === room.chat.id });
    const source = await telegram.send(user, { photo: small });
    await untilCalled(method);
    await first.kill();
    await start();
    await expectOneAnswerEach([source], orphans);
  });

  it('killed after the answer, before Telegram heard that the update was taken', async () => {
    const first = await start();
    const source = await telegram.send(user, { photo: small });
    const updates = [{ update_id: telegram.updates.lastId, message: source } as Update];
    await expectOneAnswerEach([source]);
    const again = await telegram.send(user, { forward: source });
    updates.push({ update_id: telegram.updates.lastId, message: again } as Update);
    await expectOneAnswerEach([again]);
    await first.kill();
    // Both come once more: the first was answered by the queue, the second from the cache.
    for (const update of updates) telegram.updates.repeat(update);
    await start();
    await sleep(2000);
    await expectOneAnswerEach([source, again]);
  });

  it('SIGTERM with work left: it is kept, the exit is clean, and the next process goes on', async () => {
    const first = await start({ DRAIN_SECONDS: '0' });
    const sources = [];
    for (let i = 0; i < 4; i++) {
      const image = await sharp(large)
        .modulate({ brightness: 0.5 + i / 5 })
        .jpeg()
        .toBuffer();
      sources.push(await telegram.send(user, { photo: image }));
    }
    await expect.poll(() => first.output.split('photo queued').length - 1, PATIENCE).toBe(4);
    expect(await first.stop()).toBe(0);
    expect(first.output).toMatch(/"left":[1-4],/);
    await start();
    await expect.poll(() => telegram.pictures(room).length, PATIENCE).toBe(4);
    await expectOneAnswerEach(sources);
  });

  it('a second signal ends at once, and loses nothing either', async () => {
    const first = await start({ DRAIN_SECONDS: '60' });
    telegram.fault({
      method: 'editMessageMedia',
      delayMs: 5000,
      when: (payload) => payload['chat_id'] === room.chat.id,
    });
    const source = await telegram.send(user, { photo: small });
    await untilCalled('editMessageMedia');
    first.signal('SIGTERM');
    await first.says(/a second signal ends at once/);
    const asked = performance.now();
    first.signal('SIGINT');
    expect(await first.exitCode()).toBe(1);
    expect(performance.now() - asked).toBeLessThan(2000);
    await start();
    await expectOneAnswerEach([source]);
  });

  it('a photo that kills two inference processes is apologised for, set aside, and never drawn again', async () => {
    // One process, so that the one that is killed is the one that draws.
    const first = await start({ QUEUE_CONCURRENCY: '1' });
    const source = await telegram.send(user, { photo: large });
    const update_id = telegram.updates.lastId;
    const url = await first.url();
    for (let kills = 0; kills < 2; kills++) {
      await expect.poll(() => isDrawing(url), { ...PATIENCE, interval: 5 }).toBe(true);
      const [child] = await first.children();
      if (child === undefined) throw new Error('no inference process');
      process.kill(child, 'SIGKILL');
      await expect
        .poll(() => first.output.split('a photo lost its process').length, PATIENCE)
        .toBe(kills + 2);
    }
    const answer = () => telegram.botMessages(room).map((message) => message.text);
    await expect.poll(answer, PATIENCE).toEqual([en.error('crashed')]);
    await expect.poll(leftovers, PATIENCE).toEqual([]);
    const id = `tg-${room.chat.id}-${source.message_id}`;
    expect(await readdir(join(dataDir, 'spool/bad'))).toEqual([`${id}.json`]);
    const record = await readFile(join(dataDir, 'spool/bad', `${id}.json`), 'utf8');
    expect(JSON.parse(record)).toMatchObject({ job: { id }, outcome: { code: 'crashed' } });
    // The bot itself went on all the time.
    const other = telegram.newUser();
    const next = await telegram.send(other, { photo: small });
    await expect.poll(() => telegram.pictures(telegram.dm(other), next).length, PATIENCE).toBe(1);
    await first.kill();
    const second = await start();
    telegram.updates.repeat({ update_id, message: source } as Update);
    await sleep(2000);
    expect(second.output).not.toContain('photo processing');
    expect(answer()).toEqual([en.error('crashed')]);
  });
});

async function isDrawing(url: string): Promise<boolean> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /\{state="busy"\} 1$/m.test(metrics);
}

describe('a photo on Discord', { timeout: 120_000 }, () => {
  const command = async (bytes: Uint8Array) => {
    const { channel } = discord.world.guild();
    const user = discord.world.person(`someone ${Math.random()}`);
    return discord.people.slash(user, { channel }, 'cartoonize', { image: { name: 'me.jpg', bytes } });
  };

  it('killed between the acknowledgement and the photo', async () => {
    const first = await start();
    discord.world.fault({ path: /attachments/, status: 200, delayMs: 60_000 });
    const seen = await command(small);
    await seen.acknowledged();
    await discord.world.until(() => discord.world.faults.every((fault) => fault.left === 0), 'the download');
    await first.kill();
    await start();
    expect((await seen.until(undefined, PATIENCE.timeout)).attachments).toHaveLength(1);
    expect(seen.followUps).toEqual([]);
  });

  it('killed while it is drawn', async () => {
    const first = await start();
    const seen = await command(large);
    await first.says(/photo processing/);
    await first.kill();
    await start();
    expect((await seen.until(undefined, PATIENCE.timeout)).attachments).toHaveLength(1);
    expect(seen.followUps).toEqual([]);
  });

  it('killed while its answer is uploaded', async () => {
    const first = await start();
    discord.world.fault({
      method: 'PATCH',
      path: /@original/,
      uploads: true,
      status: 200,
      delayMs: 1500,
      afterwards: true,
    });
    const seen = await command(small);
    await discord.world.until(
      () => discord.world.faults.every((fault) => fault.left === 0),
      'the upload',
      30_000,
    );
    await first.kill();
    await start();
    await expect.poll(leftovers, PATIENCE).toEqual([]);
    expect(seen.reply?.attachments).toHaveLength(1);
    expect(seen.followUps).toEqual([]);
  });

  it('killed while the answer to a direct message is sent: the nonce keeps it single', async () => {
    const { world, people } = discord;
    const first = await start();
    world.fault({
      method: 'POST',
      path: /^\/channels\/\d+\/messages/,
      status: 200,
      delayMs: 1500,
      afterwards: true,
    });
    const user = world.person('writer');
    const message = people.write(user, world.dm(user), { photos: [{ name: 'me.jpg', bytes: small }] });
    await world.until(() => world.faults.every((fault) => fault.left === 0), 'the upload', 30_000);
    await first.kill();
    await start();
    await expect.poll(leftovers, PATIENCE).toEqual([]);
    const answers = [...world.messages.values()].filter(
      (one: APIMessage) => one.message_reference?.message_id === message.id,
    );
    expect(answers.map((answer) => answer.attachments.length)).toEqual([1]);
  });
});

describe('a photo on the page', { timeout: 120_000 }, () => {
  async function submit(service: ServiceProcess, bytes: Uint8Array): Promise<string> {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(bytes)]), 'me.jpg');
    const response = await fetch(`${await service.url()}/api/jobs`, { method: 'POST', body: form });
    return ((await response.json()) as { url: string }).url;
  }
  const state = async (service: ServiceProcess, path: string) =>
    ((await (await fetch(`${await service.url()}${path}`)).json()) as { state?: string }).state;

  it('killed while it is drawn: the client that asks again gets it', async () => {
    const first = await start();
    const path = await submit(first, large);
    await first.says(/photo processing/);
    await first.kill();
    const second = await start();
    await expect.poll(() => state(second, path), PATIENCE).toBe('done');
  });

  it('killed when it was ready, but not fetched yet: it still is; deleted, it is gone', async () => {
    const first = await start();
    const path = await submit(first, small);
    await expect.poll(() => state(first, path), PATIENCE).toBe('done');
    await first.kill();
    const second = await start();
    const url = `${await second.url()}${path}`;
    const result = await fetch(`${url}/result`);
    expect([result.status, result.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    const { width } = await sharp(new Uint8Array(await result.arrayBuffer())).metadata();
    expect(width).toBe(200);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
    await expect.poll(() => readdir(join(dataDir, 'page')), PATIENCE).toEqual(['tmp']);
  });
});
