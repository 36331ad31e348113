/** What the contract cannot tell: several processes on one Redis, some of which die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue as BullQueue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cartoon } from '../../../src/inference/types.ts';
import { createRedisQueue, type RedisQueueOptions } from '../../../src/queue/redis/redis-queue.ts';
import type { Job, JobRun, Outcome, Queue } from '../../../src/queue/types.ts';
import { RedisBlobStore } from '../../../src/storage/blobs/redis.ts';
import { photoKey } from '../../../src/storage/blobs/types.ts';
import { connectRedis, type RedisConnections } from '../../../src/storage/redis-connections.ts';
import { describeBlobStore } from '../../storage/blobs/contract.ts';
import { RedisServer } from '../../support/redis.ts';
import { cartoonOf, newJob } from '../jobs.ts';

const log = pino({ level: process.env['LOG'] ?? 'silent' });
const PATIENCE = { timeout: 20_000, interval: 20 };
const photo = new Uint8Array([1, 2, 3]);
const hashOf = (id: string) => createHash('sha256').update(Buffer.alloc(20_000, id)).digest('hex');

let server: RedisServer;
let prefix: string;
const closers: (() => unknown)[] = [];
const queues: Queue[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  prefix = `{${randomUUID()}}:`;
});
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.close()));
  for (const close of closers.splice(0)) await close();
});

async function connect(url = server.url): Promise<RedisConnections> {
  const redis = await connectRedis({ url, log, prefix });
  closers.push(redis.close);
  return redis;
}

/** One process of a service, as far as Redis can tell. */
async function open(options: Partial<RedisQueueOptions> = {}): Promise<Queue> {
  const redis = options.redis ?? (await connect());
  const queue = await createRedisQueue({
    concurrency: 1,
    limit: 100,
    limitPerUser: 50,
    blobs: new RedisBlobStore({ redis }),
    log,
    leaseMs: 2000,
    closeMs: 1000,
    answerBackoffMs: () => 10,
    ...options,
    redis,
  });
  queues.push(queue);
  return queue;
}

/** A child process from `process.ts`. */
class Child {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;

  constructor(...args: string[]) {
    const script = fileURLToPath(new URL('./process.ts', import.meta.url));
    this.#process = spawn(process.execPath, ['--import', 'tsx', script, server.url, prefix, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let rest = '';
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    closers.push(() => this.kill());
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  async says(line: string): Promise<void> {
    await vi.waitFor(() => expect(this.lines).toContain(line), PATIENCE);
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

describe('several processes on one Redis', () => {
  let answers: { by: string; job: Job; outcome: Outcome }[];

  const answerAs = (queue: Queue, by: string) =>
    queue.onOutcome('telegram', async (job, outcome) => void answers.push({ by, job, outcome }));
  const answered = (count: number) => vi.waitFor(() => expect(answers.length).toBe(count), PATIENCE);
  const atOnce = async (task: JobRun) => cartoonOf(task.photo);

  beforeEach(() => {
    answers = [];
  });

  it('draws elsewhere, and answers where the photo was taken in', async () => {
    const [a, b, worker] = [await open(), await open(), await open()];
    answerAs(a, 'a');
    answerAs(b, 'b');
    const drawn: Job[] = [];
    worker.process(async (task) => {
      drawn.push(task.job);
      return cartoonOf(task.photo);
    });
    for (let i = 0; i < 6; i++) await [a, b][i % 2]?.submit(newJob(`x${i}`), photo);
    await answered(6);
    expect(answers.map(({ by, job }) => `${by} ${job.id}`).sort()).toEqual(
      ['a x0', 'b x1', 'a x2', 'b x3', 'a x4', 'b x5'].sort(),
    );
    expect(answers[0]?.job.reply).toEqual({ chat: answers[0]?.job.id });
    // The worker needs no reply target, and gets none.
    expect(drawn.map(({ reply }) => reply)).toEqual(Array(6).fill(null));
  });

  it('tells each event in one process', async () => {
    const [bot, worker] = [await open(), await open()];
    const heard: string[] = [];
    for (const [name, queue] of Object.entries({ bot, worker })) {
      for (const event of ['queued', 'processing', 'progress', 'delivering', 'done'] as const) {
        queue.on(event, ({ job }) => heard.push(`${name} ${event} ${job.id}`));
      }
    }
    answerAs(bot, 'bot');
    worker.process(async (task) => {
      task.report('style');
      return cartoonOf(task.photo);
    });
    await bot.submit(newJob('a0'), photo);
    await vi.waitFor(() => expect(heard).toContain('bot done a0'), PATIENCE);
    expect(heard).toEqual(
      ['queued', 'processing', 'progress', 'delivering', 'done'].map((event) => `bot ${event} a0`),
    );
  });

  it('gives users turns, whoever took their photos in', async () => {
    const [a, b, worker] = [await open(), await open(), await open()];
    answerAs(a, 'a');
    answerAs(b, 'b');
    for (const id of ['a0', 'a1', 'a2']) await a.submit(newJob(id), photo);
    for (const id of ['b0', 'a3', 'c0', 'b1']) await b.submit(newJob(id), photo);
    const order: string[] = [];
    worker.process(async (task) => {
      order.push(task.job.id);
      return cartoonOf(task.photo);
    });
    await answered(7);
    expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'a3']);
  });

  it('moves the later photos of a user up when one leaves the line', async () => {
    const [a, worker] = [await open(), await open()];
    answerAs(a, 'a');
    for (const id of ['a0', 'a1', 'a2', 'b0', 'b1', 'b2']) await a.submit(newJob(id), photo);
    await a.cancel('a0');
    const order: string[] = [];
    worker.process(async (task) => {
      order.push(task.job.id);
      return cartoonOf(task.photo);
    });
    await answered(6);
    // a1 has the turn of a0, a2 that of a1.
    expect(order.indexOf('a1')).toBeLessThan(2);
    expect(order.indexOf('a2')).toBeLessThan(order.indexOf('b2'));
  });

  it('holds limits for all processes together', async () => {
    const limits = { limit: 4, limitPerUser: 2 };
    const [a, b] = [await open(limits), await open(limits)];
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) =>
        [a, b][i % 2]?.submit(newJob(`x${i}`, { user: `tg-${i}` }), photo),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(refused).toEqual(Array(8).fill('queue_full'));
  });

  it('counts a user over all processes', async () => {
    const limits = { limitPerUser: 3 };
    const [a, b] = [await open(limits), await open(limits)];
    for (const [i, queue] of [a, b, a].entries()) await queue.submit(newJob(`a${i}`), photo);
    await expect(b.submit(newJob('a3'), photo)).rejects.toMatchObject({
      code: 'user_limit',
      details: { limit: 3 },
    });
    await expect(b.check(newJob('a2'))).resolves.toMatchObject({
      duplicate: true,
      state: 'queued',
      ahead: 2,
    });
  });

  it('cancels what runs in another process, for its user only', async () => {
    const [a, b, worker] = [await open(), await open(), await open()];
    answerAs(a, 'a');
    const signals: AbortSignal[] = [];
    worker.process(
      ({ signal }) =>
        new Promise<Cartoon>((_, reject) => {
          signals.push(signal);
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    await a.submit(newJob('a0'), photo);
    await vi.waitFor(() => expect(signals).toHaveLength(1), PATIENCE);
    expect(await b.cancel('a0', 'tg-b')).toBe(false);
    expect(await b.cancel('a0', 'tg-a')).toBe(true);
    await answered(1);
    expect(answers[0]?.outcome).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true), PATIENCE);
    worker.process(atOnce);
  });

  it('cancels all of a user, whoever took it in', async () => {
    const [a, b] = [await open(), await open()];
    const codes: string[] = [];
    for (const queue of [a, b]) {
      queue.onOutcome(
        'telegram',
        async ({ id }, outcome) => void codes.push(`${id} ${outcome.ok || outcome.error.code}`),
      );
    }
    await a.submit(newJob('a0'), photo);
    await b.submit(newJob('a1'), photo);
    await b.submit(newJob('b0'), photo);
    expect(await a.cancelAll(newJob('a0').user)).toBe(2);
    await vi.waitFor(() => expect(codes.sort()).toEqual(['a0 cancelled', 'a1 cancelled']), PATIENCE);
    expect(a.counts()).toMatchObject({ queued: 1 });
  });

  it('learns of the service and its workers', async () => {
    const [a, one, two] = [await open({ expectedMs: 1000 }), await open(), await open({ concurrency: 3 })];
    const hang = ({ signal }: JobRun) =>
      new Promise<Cartoon>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    for (const worker of [one, two]) worker.process(hang);
    for (let i = 0; i < 12; i++) await a.submit(newJob(`x${i}`, { user: `tg-${i}` }), photo);
    // Four run, eight wait, two on each slot; the next one comes after those.
    await vi.waitFor(() => expect(a.counts()).toEqual({ queued: 8, processing: 4, delivering: 0 }), PATIENCE);
    expect(a.estimate('tg-new')).toBeGreaterThan(3000);
    expect(a.estimate('tg-new')).toBeLessThanOrEqual(4000);
    await vi.waitFor(() => expect(one.counts()).toEqual(a.counts()), PATIENCE);
  });

  it('hands a photo on when its worker stops, without counting an attempt', async () => {
    const [a, first] = [await open(), await open()];
    answerAs(a, 'a');
    let started = false;
    first.process(({ signal }) => {
      started = true;
      return new Promise<Cartoon>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
    });
    await a.submit(newJob('a0'), photo);
    await vi.waitFor(() => expect(started).toBe(true), PATIENCE);
    await first.close();
    expect(answers).toEqual([]);
    (await open()).process(atOnce);
    await answered(1);
    expect(answers[0]).toMatchObject({ job: { attempt: 1 }, outcome: { ok: true } });
  });

  it('answers after a stop what was left, in the next process', async () => {
    const [a, worker] = [await open(), await open()];
    a.onOutcome('telegram', () => Promise.reject(new Error('network down')));
    await a.submit(newJob('a0'), photo);
    await a.updateReplyTarget('a0', { chat: 'a0', status: 7 });
    expect(await a.drain(50)).toBe(1);
    await a.close();
    const b = await open();
    const accepted: string[] = [];
    b.on('queued', ({ job }) => accepted.push(job.id));
    answerAs(b, 'b');
    worker.process(atOnce);
    await answered(1);
    expect(answers[0]).toMatchObject({ by: 'b', job: { reply: { chat: 'a0', status: 7 } } });
    expect(accepted).toEqual(['a0']);
  });

  it('leaves a photo to no process of another platform', async () => {
    const [a, page, worker] = [await open(), await open(), await open()];
    page.onOutcome('web', async () => {});
    worker.process(atOnce);
    await a.submit(newJob('a0'), photo);
    await a.close();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(page.counts()).toEqual({ queued: 0, processing: 0, delivering: 1 });
    answerAs(page, 'page');
    await answered(1);
  });

  it('keeps no reply target in the job that dashboards show, and nothing at all after the answer', async () => {
    const a = await open();
    answerAs(a, 'a');
    const secret = 'aW50ZXJhY3Rpb24tdG9rZW4';
    await a.submit(newJob('a0', { reply: { token: secret } }), photo);
    const redis = new Redis(server.url);
    closers.push(() => redis.disconnect());
    const holding: string[] = [];
    for (const key of await redis.keys(`${prefix.replace(/[{}]/g, '?')}*`)) {
      const type = await redis.type(key);
      const text = JSON.stringify(
        type === 'hash' ? await redis.hgetall(key) : type === 'string' ? await redis.get(key) : '',
      );
      if (text.includes(secret)) holding.push(key);
    }
    expect(holding).toEqual([`${prefix}reply:a0`]);
    expect(await redis.ttl(`${prefix}reply:a0`)).toBeGreaterThan(3600);
    expect(await redis.ttl(`${prefix}blob:${photoKey('a0')}`)).toBeGreaterThan(3600);
    a.process(atOnce);
    await answered(1);
    await vi.waitFor(() => expect(a.status('a0')).toBeUndefined(), PATIENCE);
    await vi.waitFor(async () => {
      const left = await redis.keys(`${prefix.replace(/[{}]/g, '?')}*`);
      expect(left.filter((key) => key.endsWith('a0') || key.includes('a0.'))).toEqual([`${prefix}done:a0`]);
    }, PATIENCE);
  });

  it('puts into the line what a process accepted and then died', async () => {
    const redis = await connect();
    const a = await open({ redis });
    answerAs(a, 'a');
    await a.submit(newJob('a0'), photo);
    // As if it had died before the job reached BullMQ, ten seconds ago.
    const { persistent } = redis;
    await persistent.zrem(`${prefix}photos:prioritized`, 'a0');
    await persistent.del(`${prefix}photos:a0`);
    await persistent.zadd(`${prefix}pending`, Date.now() - 10_000, 'a0');
    a.process(atOnce);
    await answered(1);
  });
});

describe('a job that BullMQ lost', () => {
  it('is put into the line again, as when somebody pressed the button of a dashboard', async () => {
    const redis = await connect();
    const bot = await open({ redis });
    const answers: string[] = [];
    bot.onOutcome('telegram', async (job) => void answers.push(job.id));
    await bot.submit(newJob('a0'), photo);
    const bullmq = new BullQueue('photos', { connection: redis.persistent, prefix: prefix.slice(0, -1) });
    expect(await bullmq.remove('a0')).toBe(1);
    // It waits for ten seconds by now.
    await redis.persistent.hincrby(`${prefix}job:a0`, 'since', -10_000);
    bot.process(async (task) => cartoonOf(task.photo));
    await vi.waitFor(() => expect(answers).toEqual(['a0']), PATIENCE);
    await bullmq.close();
  });
});

describe('a process that is killed', () => {
  const say = async (child: Child, line: string) => {
    child.tell(line);
    await child.says(`accepted ${line.split(' ')[0]}`);
  };
  const answersOf = (...children: Child[]) =>
    children.flatMap(({ lines }) => lines.filter((line) => line.startsWith('answered')));

  it('worker: another one draws its photo again', async () => {
    const bot = new Child('bot', 'a');
    const worker = new Child('worker', '60000');
    await Promise.all([bot.says('ready'), worker.says('ready')]);
    await say(bot, 'a0 tg-a');
    await worker.says('drawing a0');
    await worker.kill();
    const other = new Child('worker', '1');
    await bot.says(`answered a0 ${hashOf('a0')}`);
    expect(other.lines).toContain('drawing a0');
    expect(answersOf(bot)).toHaveLength(1);
  }, 40_000);

  it('bot: another one answers, once', async () => {
    const [a, b, worker] = [new Child('bot', 'a'), new Child('bot', 'b'), new Child('worker', '400')];
    await Promise.all([a.says('ready'), b.says('ready'), worker.says('ready')]);
    const ids = ['a0', 'b0', 'c0', 'd0'];
    for (const id of ids) await say(a, `${id} tg-${id}`);
    await a.kill();
    for (const id of ids) {
      const line = `answered ${id} ${hashOf(id)}`;
      await vi.waitFor(() => expect([...a.lines, ...b.lines]).toContain(line), PATIENCE);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(answersOf(a, b)).toHaveLength(4);
  }, 40_000);
});

describe('Redis itself', () => {
  it('may be killed and come back: what was accepted is answered', async () => {
    const own = await RedisServer.start();
    closers.push(() => own.stop());
    const [bot, worker] = [
      await open({ redis: await connect(own.url) }),
      await open({ redis: await connect(own.url) }),
    ];
    const answers: string[] = [];
    bot.onOutcome('telegram', async (job) => void answers.push(job.id));
    let release = () => {};
    worker.process(async (task) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return cartoonOf(task.photo);
    });
    for (const id of ['a0', 'b0', 'c0']) await bot.submit(newJob(id), photo);
    await own.kill();
    release();
    // Nobody is kept waiting for an answer that nobody can give.
    await expect(bot.submit(newJob('d0'), photo)).rejects.toMatchObject({ code: 'internal' });
    await own.restart();
    await vi.waitFor(() => {
      release();
      expect([...answers].sort()).toEqual(['a0', 'b0', 'c0']);
    }, PATIENCE);
    expect(await bot.submit(newJob('e0'), photo)).toMatchObject({ duplicate: false });
  }, 60_000);

  it('is away: a process ends all the same', async () => {
    const own = await RedisServer.start();
    closers.push(() => own.stop());
    const queue = await open({ redis: await connect(own.url) });
    queue.process(async (task) => cartoonOf(task.photo));
    await own.kill();
    const began = Date.now();
    await queue.drain(100);
    await queue.close();
    expect(Date.now() - began).toBeLessThan(8000);
  }, 30_000);

  it('was away for longer than a lease: nobody takes over the jobs of those who live', async () => {
    const own = await RedisServer.start();
    closers.push(() => own.stop());
    const leaseMs = 3000;
    const slow = await connect(own.url);
    const a = await open({ redis: slow, leaseMs });
    const b = await open({ redis: await connect(own.url), leaseMs });
    const [byA, byB]: [string[], string[]] = [[], []];
    a.onOutcome('telegram', async (job) => void byA.push(job.id));
    b.onOutcome('telegram', async (job) => void byB.push(job.id));
    const ids = ['a0', 'b0', 'c0', 'd0'];
    for (const id of ids) await a.submit(newJob(id), photo);
    await own.kill();
    slow.persistent.disconnect();
    await new Promise((resolve) => setTimeout(resolve, leaseMs + 500));
    await own.restart();
    // One finds its way back later than the other, which must not take it for dead meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await slow.persistent.connect();
    b.process(async (task) => cartoonOf(task.photo));
    await vi.waitFor(() => expect(byA.sort()).toEqual(ids), PATIENCE);
    expect(byB).toEqual([]);
  }, 60_000);

  it('is full: no new photo is taken, those that are there are drawn and answered', async () => {
    const own = await RedisServer.start(['--maxmemory', '24mb']);
    closers.push(() => own.stop());
    const redis = await connect(own.url);
    const bot = await open({ redis });
    const answers: string[] = [];
    bot.onOutcome('telegram', async (job, outcome) => void answers.push(`${job.id} ${outcome.ok}`));
    const large = new Uint8Array(1_000_000);
    const accepted: string[] = [];
    for (let i = 0; i < 40; i++) {
      const id = `x${i}`;
      const code = await bot.submit(newJob(id, { user: `tg-${i}` }), large).then(
        () => 'queued',
        (error) => error.code,
      );
      if (code === 'queued') accepted.push(id);
      else expect(code).toBe('storage_full');
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(accepted.length).toBeGreaterThan(5);
    expect(accepted.length).toBeLessThan(40);
    // Another program fills the rest.
    for (let i = 0; i < 40; i++) await redis.failFast.set(`junk${i}`, Buffer.alloc(500_000)).catch(() => {});
    bot.process(async () => cartoonOf(new Uint8Array([1])));
    await vi.waitFor(() => {
      expect([...answers].sort()).toEqual(accepted.map((id) => `${id} true`).sort());
    }, PATIENCE);
  }, 60_000);

  it('cannot be reached at the start: says so in plain words, without its password', async () => {
    const failure = connectRedis({ url: 'redis://:hunter2@127.0.0.1:1', log });
    await expect(failure).rejects.toThrow(/QUEUE_URL: Redis at 127\.0\.0\.1:1 cannot be used/);
    await failure.catch((error: Error) => expect(String(error.stack)).not.toContain('hunter2'));
  });
});

describeBlobStore('on Redis', async () => {
  return new RedisBlobStore({ redis: await connect() });
});
