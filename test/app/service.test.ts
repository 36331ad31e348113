/** The started service, all of it: built program, real models, both platforms on loopback, the unmodified clients. */
import { spawnSync } from 'node:child_process';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackDiscord } from '../support/loopback-discord/index.ts';
import type { LoopbackTelegram } from '../support/loopback-telegram/index.ts';
import { astronaut } from '../support/photos.ts';
import { meanDifference } from '../support/pictures.ts';
import { type Platforms, startPlatforms } from '../support/platforms.ts';
import { build, ServiceProcess } from '../support/service.ts';

const started: ServiceProcess[] = [];
async function start(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const service = await ServiceProcess.start(env);
  started.push(service);
  return service;
}

let photo: Buffer;
beforeAll(async () => {
  await build();
  photo = await sharp(await astronaut())
    .resize(480, 512, { fit: 'cover' })
    .jpeg({ quality: 95 })
    .toBuffer();
}, 120_000);
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.dispose()));
});

/** A cartoon of the photo: its size, still its picture, but redrawn. */
async function expectCartoon(bytes: Uint8Array): Promise<void> {
  const difference = await meanDifference(photo, bytes);
  expect(difference).toBeGreaterThan(3);
  expect(difference).toBeLessThan(40);
}

describe('the service without any token', () => {
  it('serves the page and /upload, says how to add the bots, and stops cleanly', async () => {
    const service = await start({});
    const url = await service.url();
    expect(service.output).toMatch(/Telegram is off: .*docs\/telegram\.md/);
    expect(service.output).toMatch(/Discord is off: .*docs\/discord\.md/);
    expect(await (await fetch(url)).text()).toContain('<html');

    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(photo)], { type: 'image/jpeg' }), 'me.jpg');
    form.set('style', '3d');
    const response = await fetch(`${url}/upload`, { method: 'POST', body: form });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="cartoon_result.png"');
    await expectCartoon(new Uint8Array(await response.arrayBuffer()));

    expect(await service.stop()).toBe(0);
    expect(service.output).toContain('stopped');
  });
});

describe('a wrong configuration', () => {
  it('ends with code 1 and every problem in plain words', async () => {
    const service = await start({ WEB_PORT: 'eighty', TELEGRAM_TOKEN: 'oops', QUEUE_LIMIT: '-1' });
    expect(await service.exitCode()).toBe(1);
    expect(service.output).toContain('3 problem(s)');
    for (const name of ['WEB_PORT', 'TELEGRAM_TOKEN', 'QUEUE_LIMIT']) expect(service.output).toContain(name);
    expect(service.output).not.toContain('    at '); // no stack trace
  });

  it('names a models folder that is not there', async () => {
    const service = await start({ MODELS_DIR: '/nowhere' });
    expect(await service.exitCode()).toBe(1);
    expect(service.output).toContain('/nowhere');
  });

  it('refuses a second process on the same data folder', async () => {
    const first = await start({});
    await first.url();
    const second = await start({ DATA_DIR: first.dataDir });
    expect(await second.exitCode()).toBe(1);
    expect(second.output).toMatch(/in use by process \d+.*another DATA_DIR/);
  });

  // As two containers with one volume and one host name: to each of them, the other's process id says nothing.
  const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const canUnshare = spawnSync('unshare', [...UNSHARE.slice(1), 'true']).status === 0;
  it.runIf(canUnshare)('refuses a second process also from another pid namespace', async () => {
    const first = await ServiceProcess.startWith(UNSHARE, {});
    started.push(first);
    await first.url();
    const second = await ServiceProcess.startWith(UNSHARE, { DATA_DIR: first.dataDir });
    started.push(second);
    expect(await second.exitCode()).toBe(1);
    expect(second.output).toMatch(/in use by process \d+.*another DATA_DIR/);
  });
});

describe('with both platforms', () => {
  let platforms: Platforms;
  let telegram: LoopbackTelegram;
  let discord: LoopbackDiscord;
  beforeAll(async () => {
    platforms = await startPlatforms();
    ({ telegram, discord } = platforms);
  });
  afterAll(() => platforms.close());

  it('answers a photo on each with a cartoon, and no token is ever logged', async () => {
    const { channel } = discord.world.guild();
    const service = await start({
      ...platforms.env,
      LOG_LEVEL: 'trace',
    });
    await service.says(/Telegram is on/);
    await service.says(/discord commands registered/i);

    const user = telegram.newUser();
    const source = await telegram.send(user, { photo });
    const seen = await discord.people.slash(discord.world.person('someone'), { channel }, 'cartoonize', {
      image: { name: 'me.jpg', bytes: photo },
      style: '3d',
    });

    const answer = await discord.world.until(
      () => telegram.pictures(telegram.dm(user), source)[0],
      'a cartoon',
      30_000,
    );
    await expectCartoon(telegram.bytesOf(answer));
    const reply = await seen.until(undefined, 30_000);
    expect(reply.attachments).toHaveLength(1);
    const file = await fetch(reply.attachments[0]?.url ?? '');
    await expectCartoon(new Uint8Array(await file.arrayBuffer()));

    expect(await service.stop()).toBe(0);
    expect(telegram.violations).toEqual([]);
    expect(discord.world.violations).toEqual([]);
    for (const secret of [telegram.token, discord.world.token, ...discord.world.interactions.keys()]) {
      expect(service.output).not.toContain(secret);
    }
  }, 90_000);
});
