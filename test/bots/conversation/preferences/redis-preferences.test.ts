import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisPreferences } from '../../../../src/bots/conversation/preferences/redis-preferences.ts';
import { connectRedis, type RedisConnections } from '../../../../src/storage/redis-connections.ts';
import { RedisServer } from '../../../support/redis.ts';

const log = pino({ level: 'silent' });
const PATIENCE = { timeout: 20_000, interval: 20 };

let server: RedisServer;
let prefix: string;
const connections: RedisConnections[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  prefix = `{${randomUUID()}}:`;
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

async function connect(): Promise<RedisConnections> {
  const redis = await connectRedis({ url: server.url, log, prefix });
  connections.push(redis);
  return redis;
}

describe('RedisPreferences', () => {
  it('are the same in every process, and after a restart', async () => {
    const openPreferences = async (maxUsers = 100) =>
      RedisPreferences.open({ redis: await connect(), log, maxUsers });
    const [a, b] = [await openPreferences(), await openPreferences()];
    a.setStyle('tg-1', 'anime');
    expect(a.style('tg-1')).toBe('anime');
    expect(a.firstTime('tg-1', 'no-face')).toBe(true);
    expect(a.firstTime('tg-1', 'no-face')).toBe(false);
    await vi.waitFor(() => expect(b.style('tg-1')).toBe('anime'), PATIENCE);
    await vi.waitFor(() => expect(b.firstTime('tg-1', 'no-face')).toBe(false), PATIENCE);
    await a.flush();
    const c = await openPreferences();
    expect([c.style('tg-1'), c.firstTime('tg-1', 'no-face'), c.style('tg-2')]).toEqual([
      'anime',
      false,
      undefined,
    ]);
  });

  it('forget whoever changed nothing for longest', async () => {
    const a = await RedisPreferences.open({ redis: await connect(), log, maxUsers: 3 });
    for (let i = 0; i < 5; i++) {
      a.setStyle(`tg-${i}`, 'anime');
      await a.flush();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const b = await RedisPreferences.open({ redis: await connect(), log, maxUsers: 3 });
    expect([0, 1, 2, 3, 4].map((i) => b.style(`tg-${i}`))).toEqual([
      undefined,
      undefined,
      'anime',
      'anime',
      'anime',
    ]);
  });

  it('deletes a user in every process, whichever knew of it', async () => {
    const openPreferences = async () => RedisPreferences.open({ redis: await connect(), log });
    const [a, b] = [await openPreferences(), await openPreferences()];
    a.setStyle('tg-1', 'anime');
    a.firstTime('tg-1', 'no-face');
    a.setStyle('tg-2', 'anime');
    expect(await a.forget('tg-1')).toEqual({ style: true, strength: false, hints: 1 });
    expect(a.style('tg-1')).toBeUndefined();
    await vi.waitFor(() => expect(b.style('tg-2')).toBe('anime'), PATIENCE);
    await vi.waitFor(() => expect(b.style('tg-1')).toBeUndefined(), PATIENCE);
    const { persistent } = await connect();
    expect(await persistent.hkeys(`${prefix}preferences`)).toEqual(['tg-2']);
    expect(await persistent.zrange(`${prefix}preferences:times`, '0', '-1')).toEqual(['tg-2']);
  });

  it('lives on after a malformed message, and after a malformed value', async () => {
    const { persistent } = await connect();
    await persistent.hset(`${prefix}preferences`, 'tg-8', '{"style":', 'tg-9', '{"style":"3d"}');
    const preferences = await RedisPreferences.open({ redis: await connect(), log });
    expect([preferences.style('tg-8'), preferences.style('tg-9')]).toEqual([undefined, '3d']);
    for (const rubbish of ['rubbish', '{', '[]', '["tg-1"]', '["tg-1",{"style":5}]', 'null', ''])
      await persistent.publish(`${prefix}preferences:changes`, rubbish);
    await persistent.publish(`${prefix}preferences:changes`, '["tg-1",{"style":"anime"}]');
    await vi.waitFor(() => expect(preferences.style('tg-1')).toBe('anime'), PATIENCE);
  });
});
