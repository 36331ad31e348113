/** Metrics on the real in-process queue, with an engine that says what the test wants; and the Grafana dashboard against them. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { metricsRoute } from '../../src/app/metrics-route.ts';
import { createReadiness, engineCheck, storageCheck } from '../../src/app/readiness.ts';
import type { PoolStats } from '../../src/inference/workers/pool.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { Metrics } from '../../src/observability/metrics.ts';
import { logPhotos } from '../../src/observability/photo-log.ts';
import { createMemoryQueue } from '../../src/queue/memory/memory-queue.ts';
import type { JobRun, Queue } from '../../src/queue/types.ts';
import { DctoonError } from '../../src/shared/errors.ts';
import { cartoonOf, newJob } from '../queue/jobs.ts';
import { MemoryBlobStore, noJournal } from '../support/memory-blobs.ts';

const until = (reached: () => boolean | Promise<boolean>) => vi.waitUntil(reached, { timeout: 20_000 });
const PHOTO = new Uint8Array([1, 2, 3]);
const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

let metrics: Metrics;
let queue: Queue;
let logs: Record<string, unknown>[];
/** What becomes of a photo; a test may replace it. */
let draw: (task: JobRun) => Promise<ReturnType<typeof cartoonOf>>;
let stats: PoolStats;

beforeEach(async () => {
  logs = [];
  const log = createLogger({
    level: 'debug',
    readable: false,
    write: (line) => void logs.push(JSON.parse(line) as Record<string, unknown>),
  });
  const embedded = await createMemoryQueue({
    concurrency: 1,
    limit: 2,
    limitPerUser: 2,
    blobs: new MemoryBlobStore(),
    journal: noJournal,
    answerAttempts: 2,
    answerBackoffMs: () => 1,
    log,
  });
  metrics = new Metrics('1.2.3');
  queue = embedded;
  metrics.watchQueue(queue);
  stats = { queued: 0, restarts: 0, children: [] };
  metrics.watchEngine({ stats: () => stats });
  metrics.watchSpool({ bytes: 123 }, 1000);
  logPhotos(queue, log);
  draw = async () => cartoonOf(PHOTO);
  queue.process((task) => draw(task));
});
afterEach(() => queue.close());

/** The value of one time series as Prometheus would read it; undefined when there is none. */
async function value(series: string): Promise<number | undefined> {
  const line = (await metrics.registry.metrics()).split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

async function reads(series: string, expected: number): Promise<void> {
  await expect.poll(() => value(series), { timeout: 20_000 }).toBe(expected);
}

describe('photos', () => {
  it('are counted by platform, style and outcome, and timed by stage', async () => {
    queue.onOutcome('telegram', async () => {});
    queue.onOutcome('web', async () => {});
    await queue.submit(newJob('a0'), PHOTO);
    await reads('dctoon_photos_processed_total{platform="telegram",style="3d",outcome="ok"}', 1);
    draw = async () => {
      throw new DctoonError('broken_image');
    };
    await queue.submit(newJob('b0', { platform: 'web', style: 'anime' }), PHOTO);
    await reads('dctoon_photos_processed_total{platform="web",style="anime",outcome="broken_image"}', 1);

    expect(await value('dctoon_photos_queued_total{platform="telegram",style="3d"}')).toBe(1);
    await reads('dctoon_photos_done_seconds_count{platform="web"}', 1);
    expect(await value('dctoon_queue_wait_seconds_count{platform="telegram"}')).toBe(1);
    for (const stage of ['decode', 'faces', 'style', 'blend', 'encode']) {
      expect(await value(`dctoon_stage_seconds_sum{stage="${stage}"}`)).toBeCloseTo(0.001);
    }
    expect(await value('dctoon_stage_seconds_sum{stage="total"}')).toBeCloseTo(0.005);
    expect(await value('dctoon_faces_sum')).toBe(1);
  });

  it('that wait, run, are refused or never answered are seen', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    draw = async () => {
      await held;
      return cartoonOf(PHOTO);
    };
    queue.onOutcome('telegram', async () => {
      throw new Error('the platform refuses');
    });
    await queue.submit(newJob('a0'), PHOTO);
    await queue.submit(newJob('a1'), PHOTO);
    await reads('dctoon_queue_jobs{state="processing"}', 1);
    expect(await value('dctoon_queue_jobs{state="queued"}')).toBe(1);
    expect(await value('dctoon_queue_expected_wait_seconds')).toBeGreaterThan(1);

    await expect(queue.check(newJob('a2'))).rejects.toThrow(/user_limit/);
    await expect(queue.submit(newJob('b0'), PHOTO)).rejects.toThrow(/queue_full/);
    expect(await value('dctoon_photos_refused_total{reason="user_limit"}')).toBe(1);
    expect(await value('dctoon_photos_refused_total{reason="queue_full"}')).toBe(1);
    // Asking for a photo that may be known already takes nothing in, so nothing is refused.
    expect(await queue.known('a2')).toBeUndefined();
    expect(await queue.submit(newJob('a1'), PHOTO)).toMatchObject({ duplicate: true });
    expect(await value('dctoon_photos_refused_total{reason="user_limit"}')).toBe(1);

    release();
    await reads('dctoon_photos_failed_total{platform="telegram"}', 2);
    await reads('dctoon_queue_jobs{state="delivering"}', 0);
    expect(await value('dctoon_photos_done_seconds_count{platform="telegram"}')).toBeUndefined();
  });

  it('have their whole life in the log, under one field', async () => {
    queue.onOutcome('telegram', async () => {});
    await queue.submit(newJob('a0'), PHOTO);
    const of = (job: string) => logs.filter((line) => line['job'] === job).map(({ msg }) => msg);
    await until(() => of('a0').includes('photo done'));
    expect(of('a0')).toEqual(['photo queued', 'photo processing', 'photo delivering', 'photo done']);

    // A fault of ours alarms, and says why; a fault of the photo does not.
    draw = async () => {
      throw new DctoonError('crashed', 'signal SIGSEGV');
    };
    await queue.submit(newJob('b0'), PHOTO);
    await until(() => of('b0').includes('photo done'));
    expect(logs.find(({ job, msg }) => job === 'b0' && msg === 'photo delivering')).toMatchObject({
      level: 50,
      job: 'b0',
      code: 'crashed',
      err: { message: 'signal SIGSEGV' },
    });
    draw = async () => {
      throw new DctoonError('heic');
    };
    await queue.submit(newJob('c0'), PHOTO);
    await until(() => of('c0').includes('photo done'));
    expect(logs.find(({ job, msg }) => job === 'c0' && msg === 'photo delivering')).toMatchObject({
      level: 30,
      job: 'c0',
      code: 'heic',
    });
  });
});

describe('the process', () => {
  it('shows its inference children, memory, event loop and version', async () => {
    stats = {
      queued: 3,
      restarts: 2,
      children: [
        { pid: 10, rss: 100, busy: true },
        { pid: 11, rss: 200, busy: false },
      ],
    };
    expect(await value('dctoon_inference_processes{state="busy"}')).toBe(1);
    expect(await value('dctoon_inference_processes{state="idle"}')).toBe(1);
    expect(await value('dctoon_inference_memory_bytes{process="1"}')).toBe(200);
    expect(await value('dctoon_inference_waiting')).toBe(3);
    // A counter of something counted elsewhere: the same at every scrape.
    expect(await value('dctoon_inference_restarts_total')).toBe(2);
    expect(await value('dctoon_inference_restarts_total')).toBe(2);
    stats = { ...stats, children: [] };
    expect(await value('dctoon_inference_memory_bytes{process="1"}')).toBeUndefined();

    expect(await value('dctoon_info{version="1.2.3"}')).toBe(1);
    expect(await value('dctoon_spool_bytes')).toBe(123);
    expect(await value('process_resident_memory_bytes')).toBeGreaterThan(10e6);
    const until50 = performance.now() + 50;
    while (performance.now() < until50);
    await until(async () => ((await value('nodejs_eventloop_lag_max_seconds')) ?? 0) > 0);
  });

  it("has nobody else's metrics: every Metrics is its own", async () => {
    expect(new Metrics('2').registry).not.toBe(metrics.registry);
    expect(await new Metrics('2').registry.metrics()).not.toContain('dctoon_photos_processed_total');
  });
});

describe('GET /metrics', () => {
  const get = (token: string | undefined, authorization?: string) =>
    metricsRoute(metrics, token).handle(
      new Request('http://localhost/metrics', { headers: authorization ? { authorization } : {} }),
    );

  it('is open without a token, in the text format of Prometheus', async () => {
    const response = await get(undefined);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('# TYPE dctoon_photos_processed_total counter');
  });

  it.each([
    [undefined, 401],
    ['Bearer wrong-token-0123456', 401],
    ['Basic secret-token-0123456', 401],
    ['Bearer secret-token-0123456', 200],
  ])('with a token, %s: %i', async (authorization, status) => {
    const response = await get('secret-token-0123456', authorization);
    expect(response.status).toBe(status);
    if (status === 401) {
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(await response.text()).not.toContain('dctoon_');
    }
  });
});

describe('readiness', () => {
  it('tells every reason, and a check that fails is one', async () => {
    const engine = { stats: () => stats };
    const checkWritable = async () => {};
    const notReady = createReadiness([
      engineCheck(engine),
      storageCheck('/nowhere/at/all', { room: 1e9, checkWritable }),
      storageCheck('.', { room: 1e6, checkWritable }),
      async () => undefined,
    ]);
    expect(await notReady()).toEqual([
      expect.stringMatching(/No inference process/),
      expect.stringMatching(/ENOENT/),
      expect.stringMatching(/DATA_DIR is full: 1 MB/),
    ]);
    stats = { ...stats, children: [{ pid: 1, rss: 1, busy: false }] };
    expect(
      await createReadiness([engineCheck(engine), storageCheck('.', { room: 1e9, checkWritable })])(),
    ).toEqual([]);
  });
});

describe('what is written about metrics', () => {
  /** Names without the endings of histograms. */
  const named = (text: string) =>
    new Set(
      [...text.matchAll(/\b(?:dctoon|process|nodejs)_[a-z0-9_]+/g)].map(([name]) =>
        name.replace(/_(bucket|sum|count)$/, ''),
      ),
    );
  const dashboard = file('docs/grafana-dashboard.json');
  const ours = () => metrics.registry.getMetricsAsArray().map(({ name }) => name);

  it('the dashboard asks only for metrics that there are', () => {
    const exprs = [...dashboard.matchAll(/"expr": "(.*)"/g)].map(([, expr]) => expr ?? '');
    expect(exprs.length).toBeGreaterThan(25);
    for (const expr of exprs) expect([...named(expr)].filter((name) => !ours().includes(name))).toEqual([]);
  });

  it('the dashboard and docs/operations.md know every metric of ours', () => {
    const all = ours()
      .filter((name) => name.startsWith('dctoon_'))
      .sort();
    expect(all.filter((name) => !named(dashboard).has(name))).toEqual([]);
    expect(
      [...named(file('docs/operations.md'))].filter((name) => name.startsWith('dctoon_')).sort(),
    ).toEqual(all);
  });
});
