/** Not strangers, but what else is on the machine: a log shipper that dies, a second service, others who use the Redis. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { processorSeconds, ServiceProcess } from '../../test/support/service.ts';
import { type Neighbour, pause } from './attack.ts';

/** Far less than a loop of failing log lines takes, and more than one visitor's photos. */
const MOST_OF_A_CORE = 0.5;

export const deadLogReader: Neighbour = {
  name: 'the reader of the log is killed',
  env: { LOG_LEVEL: 'trace' },
  async disturb({ service }, signal) {
    service.closeOutput();
    const [before, startedAt] = [await processorSeconds(service.pid), performance.now()];
    await pause(60_000, signal);
    const share = (1000 * ((await processorSeconds(service.pid)) - before)) / (performance.now() - startedAt);
    return share > MOST_OF_A_CORE ? `it uses ${Math.round(100 * share)} % of a core` : undefined;
  },
};

const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** As a supervisor does that starts one too many, in this pid namespace and in another, as containers have. */
export const secondService: Neighbour = {
  name: 'a second service on the same data folder, again and again',
  async disturb({ service, env }, signal) {
    const canUnshare = spawnSync('unshare', [...UNSHARE.slice(1), 'true']).status === 0;
    for (let number = 0; !signal.aborted; number++) {
      const before = canUnshare && number % 2 === 1 ? UNSHARE : [];
      const second = await ServiceProcess.startWith(before, { ...env, DATA_DIR: service.dataDir });
      try {
        const code = await Promise.race([second.exitCode(), sleep(15_000, 'it runs' as const)]);
        if (code !== 1) return `the second one: ${code}`;
      } finally {
        await second.dispose();
      }
    }
    return undefined;
  },
};

const RUBBISH = [
  '',
  '{',
  'null',
  '[]',
  '["settled"]',
  '["abort","a","b"]',
  '{"a":1}',
  '\0',
  'x'.repeat(100_000),
];

/** Messages on every channel, jobs that are none, lines of BullMQ that lead nowhere. */
export const rubbishOnRedis: Neighbour = {
  name: 'rubbish on Redis: channels, jobs, lines of the queue',
  usesRedis: true,
  async disturb({ redisUrl }, signal) {
    const client = new Redis(redisUrl);
    const [key] = await client.keys('*schema');
    if (key === undefined) return 'the service has nothing on Redis';
    const prefix = key.slice(0, -'schema'.length);
    for (let number = 0; !signal.aborted; number++) {
      const channels = (await client.pubsub('CHANNELS', '*')) as string[];
      for (const channel of channels) await client.publish(channel, RUBBISH[number % RUBBISH.length] ?? '');
      const id = number % 2 ? `../../poc${number}` : `web-${number}`;
      const job = JSON.stringify({ id: '../../poc', user: 7, platform: '../x' });
      await client.hset(`${prefix}job:${id}`, {
        user: 'web-x',
        platform: 'web',
        state: 'queued',
        job,
        owner: 'dead',
      });
      await client.zadd(`${prefix}live`, Date.now(), id);
      await client.zadd(`${prefix}pending`, 0, id);
      await client.zadd(`${prefix}photos:prioritized`, 2 ** 32, id);
      await pause(100, signal);
    }
    client.disconnect();
    return undefined;
  },
};
