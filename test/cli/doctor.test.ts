/** The doctor on healthy and on sick installations; the platforms are the loopback ones. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkNode } from '../../src/cli/doctor/installation.ts';
import { looksLikeDiscordToken } from '../../src/cli/doctor/platforms.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { openSpool } from '../../src/queue/memory/spool.ts';
import { startLoopbackDiscord } from '../support/loopback-discord/index.ts';
import { LoopbackTelegram } from '../support/loopback-telegram/index.ts';
import { MODELS_DIR } from '../support/models.ts';
import { modelsFolder } from '../support/models-folder.ts';
import { RedisServer } from '../support/redis.ts';
import { dctoon, type Result } from './dctoon.ts';

let folder: string;
let telegram: LoopbackTelegram;
let discord: Awaited<ReturnType<typeof startLoopbackDiscord>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dctoon-doctor-'));
  telegram = await LoopbackTelegram.start();
  discord = await startLoopbackDiscord();
});
afterAll(async () => {
  await telegram.close();
  await discord.close();
  await rm(folder, { recursive: true, force: true });
});

/** Away from a developer's `.env`, on a port of its own. */
function doctor(env: Record<string, string> = {}, ...args: string[]): Promise<Result> {
  return dctoon(['doctor', ...args], { cwd: folder, env: { WEB_PORT: '0', ...env } });
}

/** A server that answers GET with JSON, or with an empty page where it has none. */
async function listen(answer: (path: string) => unknown): Promise<{ url: string; close(): Promise<void> }> {
  const server = createHttpServer((request, response) => {
    const body = answer(request.url ?? '');
    response.end(body === undefined ? '' : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}

describe('dctoon doctor', { timeout: 90_000 }, () => {
  it('finds nothing wrong with a fresh installation, outside of the repository and without settings', async () => {
    const result = await doctor();
    expect(result).toMatchObject({ code: 0, stderr: '' });
    for (const line of [
      /^ok {4}Node \d/m,
      /^ok {4}sharp \d.* loads/m,
      /^ok {4}onnxruntime-node \d.* loads/m,
      /^ok {4}\d+ model files are whole; styles: 3d/m,
      /^ok {4}A test picture was drawn in \d+ ms/m,
      /^ok {4}DATA_DIR .* will be made in/m,
      /^ok {4}No other service uses DATA_DIR/m,
      /^ok {4}Telegram is off/m,
      /^ok {4}Discord is off/m,
      /^Everything is in order\.$/m,
    ]) {
      expect(result.stdout).toMatch(line);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('asks both platforms who the bots are, and shows no token', async () => {
    const result = await doctor({
      TELEGRAM_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.root,
      DISCORD_TOKEN: discord.world.token,
      DISCORD_API_ROOT: discord.apiRoot,
    });
    expect(result.stdout).toMatch(/ok {4}Telegram knows the token: @\w+\./);
    expect(result.stdout).toMatch(/ok {4}Discord knows the token: dctoon\./);
    for (const secret of [telegram.token, discord.world.token]) {
      expect(result.stdout + result.stderr).not.toContain(secret);
    }
    expect(result.code).toBe(0);
  });

  it('tells refused tokens and platforms that are not reached', async () => {
    const refused = await doctor({
      TELEGRAM_TOKEN: '1234567:AAwrongwrongwrongwrongwrongwrongwrong',
      TELEGRAM_API_ROOT: telegram.root,
      DISCORD_TOKEN: 'a client secret',
      DISCORD_API_ROOT: discord.apiRoot,
    });
    expect(refused.stdout).toMatch(/FAIL {2}Telegram refuses TELEGRAM_TOKEN \(40[14]\)/);
    expect(refused.stdout).toMatch(/FAIL {2}Discord refuses DISCORD_TOKEN \(401\)/);
    expect(refused.stdout).toMatch(/FAIL {2}DISCORD_TOKEN does not look like a bot token/);
    expect(refused.code).toBe(3);

    const closed = await listen(() => {});
    await closed.close();
    const nowhere = { TELEGRAM_TOKEN: telegram.token, TELEGRAM_API_ROOT: closed.url };
    const offline = await doctor(nowhere);
    expect(offline.stdout).toMatch(/FAIL {2}127\.0\.0\.1:\d+ is not reached \(ECONNREFUSED\)/);
    expect(offline.stdout).not.toContain(telegram.token);
    expect((await doctor(nowhere, '--offline')).stdout).not.toMatch(/not reached/);
  });

  it('knows the key of the application, few starts left, a webhook in trouble, and what is no platform', async () => {
    const platform = await listen((path) => {
      if (path.endsWith('/applications/@me')) return { name: 'dctoon', verify_key: 'a'.repeat(64) };
      if (path.endsWith('/gateway/bot'))
        return { shards: 1, session_start_limit: { remaining: 3, reset_after: 7_200_000 } };
      if (path.endsWith('/getMe') && !path.startsWith('/other'))
        return { result: { username: 'toon_bot', can_join_groups: false } };
      if (path.endsWith('/getWebhookInfo')) return { result: { last_error_message: 'SSL error' } };
      return undefined;
    });
    const env = { DISCORD_TOKEN: discord.world.token, TELEGRAM_TOKEN: telegram.token };
    const { stdout } = await doctor({
      ...env,
      DISCORD_API_ROOT: platform.url,
      DISCORD_PUBLIC_KEY: 'b'.repeat(64),
      TELEGRAM_API_ROOT: platform.url,
      TELEGRAM_WEBHOOK_URL: 'https://bot.example/hook',
      TELEGRAM_WEBHOOK_SECRET: 's'.repeat(32),
    });
    expect(stdout).toMatch(/FAIL {2}DISCORD_PUBLIC_KEY is not the key of this application/);
    expect(stdout).toMatch(/warn {2}Discord allows only 3 more starts in the next 2 h/);
    expect(stdout).toMatch(/warn {2}@toon_bot cannot be added to groups/);
    expect(stdout).toMatch(/warn {2}Telegram had trouble with the webhook .*: SSL error/);

    const elsewhere = await doctor({
      TELEGRAM_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: `${platform.url}/other`,
    });
    expect(elsewhere.stdout).toMatch(/FAIL {2}127\.0\.0\.1:\d+ answers 200, and not as the platform does/);
    await platform.close();
  });

  it('looks at the Redis of QUEUE_URL, and at how it keeps photos', async () => {
    const redis = await RedisServer.start(['--maxmemory-policy', 'allkeys-lru']);
    const evicts = await doctor({ QUEUE_URL: redis.url });
    expect(evicts.stdout).toMatch(/ok {4}Redis \(QUEUE_URL\) is reached/);
    expect(evicts.stdout).toMatch(/warn {2}.*noeviction/);
    expect(evicts.code).toBe(0);
    await redis.stop();
    const gone = await doctor({ QUEUE_URL: redis.url });
    expect(gone.stdout).toMatch(/FAIL {2}QUEUE_URL: Redis at 127\.0\.0\.1:\d+ cannot be used/);
    expect(gone.code).toBe(3);
  });

  it('finds damaged models, and a style that is none', async () => {
    const models = join(folder, 'models');
    await cp(MODELS_DIR, models, { recursive: true });
    const damaged = await readFile(join(models, '3d.onnx'));
    damaged[1000] = (damaged[1000] ?? 0) ^ 1;
    await writeFile(join(models, '3d.onnx'), damaged);
    const result = await doctor({ MODELS_DIR: models, DEFAULT_STYLE: 'disco' });
    expect(result.stdout).toMatch(/FAIL {2}The model file .*3d\.onnx is damaged or was replaced/);
    expect(result.stdout).toMatch(/FAIL {2}DEFAULT_STYLE is "disco", which is none of the styles: 3d/);
    expect(result.stdout).not.toMatch(/test picture/);
    expect(result.stdout).toMatch(/2 problems to solve/);
    expect(result.code).toBe(3);
    await rm(models, { recursive: true });
  });

  it('works without thumbnails, and says which are missing', async () => {
    const models = await modelsFolder({ '3d': true, anime: true });
    await rm(join(models.path, 'thumbnails/anime.jpg'));
    const result = await doctor({ MODELS_DIR: models.path });
    await models.remove();
    expect(result.stdout).toMatch(/^ok {4}\d+ model files are whole; styles: 3d, anime/m);
    expect(result.stdout).toMatch(/^warn {2}.*anime\.jpg cannot be read\. Menus show no picture/m);
    expect(result.stdout).not.toMatch(/3d\.jpg/);
    expect(result.code).toBe(0);
  });

  it('names wrong settings and checks the rest all the same', async () => {
    const result = await doctor({
      TELEGRAM_TOKEN: 'oops',
      QUEUE_LIMIT: '-1',
      TELEGRAM_WEBHOOK_URL: 'https://bot.example/hook',
    });
    expect(result.stdout).toMatch(/FAIL {2}TELEGRAM_TOKEN: must look like/);
    expect(result.stdout).toMatch(/FAIL {2}QUEUE_LIMIT: must be a whole number/);
    expect(result.stdout).toMatch(/FAIL {2}TELEGRAM_WEBHOOK_SECRET: is required/);
    expect(result.stdout).not.toMatch(/Telegram is off/);
    expect(result.stdout).toMatch(/ok {4}\d+ model files are whole/);
    expect(result.code).toBe(3);
  });

  it('sees a running service, a taken port and a folder that is a file', async () => {
    const dataDir = join(folder, 'data');
    const spool = await openSpool({ folder: join(dataDir, 'spool'), log: createLogger({ level: 'silent' }) });
    const running = await doctor({ DATA_DIR: dataDir });
    expect(running.stdout).toMatch(
      new RegExp(`warn {2}A service is running on DATA_DIR \\(process ${process.pid} `),
    );
    expect(running.code).toBe(0);
    await spool.close();

    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
    const { port } = server.address() as { port: number };
    await writeFile(join(folder, 'file'), '');
    const blocked = await doctor({ WEB_PORT: String(port), DATA_DIR: join(folder, 'file') });
    expect(blocked.stdout).toMatch(/FAIL {2}The page cannot listen on localhost:\d+: another program/);
    expect(blocked.stdout).toMatch(/FAIL {2}.*file is a file; DATA_DIR must be a folder/);
    expect(blocked.code).toBe(3);
    await new Promise((closed) => server.close(closed));
  });
});

describe('the shape of', () => {
  it.each([
    ['20.18.9', 'fail'],
    ['20.19.0', 'ok'],
    ['20.20.2', 'ok'],
    ['9.99.0', 'fail'],
    ['24.1.0', 'ok'],
  ])('Node %s: %s', (version, level) => {
    expect(checkNode(version).level).toBe(level);
  });

  it('Discord tokens is known', () => {
    const id = Buffer.from('100000000000000000').toString('base64url');
    expect(looksLikeDiscordToken(`${id}.GabcDE.${'f'.repeat(38)}`)).toBe(true);
    for (const wrong of [
      '',
      'client-secret',
      `${id}.GabcDE`,
      `bm9pZA.GabcDE.${'f'.repeat(38)}`,
      `${id}.GabcDE.short`,
    ]) {
      expect(looksLikeDiscordToken(wrong)).toBe(false);
    }
  });
});
