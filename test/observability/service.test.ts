/** What an operator sees of the started service: metrics, readiness, and the story of a photo in the log. */
import { execFileSync } from 'node:child_process';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LoopbackTelegram } from '../support/loopback-telegram/index.ts';
import { astronaut } from '../support/photos.ts';
import { build, ServiceProcess } from '../support/service.ts';

let telegram: LoopbackTelegram;
let photo: Buffer;
beforeAll(async () => {
  await build();
  telegram = await LoopbackTelegram.start();
  photo = await sharp(await astronaut())
    .jpeg({ quality: 95 })
    .toBuffer();
}, 120_000);
afterAll(() => telegram.close());

let service: ServiceProcess;
afterEach(() => service.dispose());

type Line = Readonly<Record<string, unknown>>;
const linesOf = (output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

function upload(url: string, file: Uint8Array): Promise<Response> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(file)]), 'me.jpg');
  return fetch(`${url}/upload`, { method: 'POST', body: form });
}

/** The value of a time series; undefined when there is none. */
function valueIn(metrics: string, series: string): number | undefined {
  const line = metrics.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const patience = { timeout: 25_000, interval: 100 };

describe('the started service', { timeout: 90_000 }, () => {
  it('shows its photos at /metrics, to those who have the token', async () => {
    const token = 'token-for-prometheus';
    service = await ServiceProcess.start({ METRICS_TOKEN: token });
    const url = await service.url();
    const scrape = async () => {
      const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
      expect(response.status).toBe(200);
      return await response.text();
    };
    expect((await fetch(`${url}/metrics`)).status).toBe(401);

    expect((await upload(url, photo)).status).toBe(200);
    expect((await upload(url, photo.subarray(0, 500))).status).toBe(422);
    const drawn = 'dctoon_photos_processed_total{platform="web",style="3d",outcome="ok"}';
    await expect.poll(async () => valueIn(await scrape(), drawn), patience).toBe(1);
    const metrics = await scrape();
    expect(
      valueIn(metrics, 'dctoon_photos_processed_total{platform="web",style="3d",outcome="broken_image"}'),
    ).toBe(1);
    expect(valueIn(metrics, 'dctoon_stage_seconds_count{stage="style"}')).toBe(1);
    expect(valueIn(metrics, 'dctoon_stage_seconds_sum{stage="total"}')).toBeGreaterThan(0.02);
    expect(valueIn(metrics, 'dctoon_inference_processes{state="idle"}')).toBe(1);
    expect(valueIn(metrics, 'dctoon_inference_memory_bytes{process="0"}')).toBeGreaterThan(50e6);
    expect(valueIn(metrics, 'dctoon_spool_limit_bytes')).toBe(1024e6);
    expect(service.output).not.toContain(token);
  });

  it('is not ready while an inference process is missing, and counts its replacement', async () => {
    service = await ServiceProcess.start({});
    const url = await service.url();
    const ready = async () =>
      (await fetch(`${url}/readyz`)).json() as Promise<{ ready: boolean; reasons: string[] }>;
    expect(await ready()).toEqual({ ready: true, reasons: [] });
    const child = execFileSync('pgrep', ['-P', String(service.pid)], { encoding: 'utf8' });
    // Asked over and over meanwhile: the gap between two processes is short.
    const seen = new Set<string>();
    process.kill(Number(child.trim()), 'SIGKILL');
    await vi.waitUntil(
      async () => {
        for (const reason of (await ready()).reasons) seen.add(reason);
        return seen.size > 0;
      },
      { timeout: 25_000, interval: 5 },
    );
    expect([...seen]).toEqual([expect.stringMatching(/^No inference process is running/)]);
    await expect.poll(ready, patience).toEqual({ ready: true, reasons: [] });
    expect(valueIn(await (await fetch(`${url}/metrics`)).text(), 'dctoon_inference_restarts_total')).toBe(1);
    expect((await upload(url, photo)).status).toBe(200);
  });

  it('is not ready while the bot is not connected, but draws for the page', async () => {
    service = await ServiceProcess.start({
      TELEGRAM_TOKEN: telegram.token,
      // Nobody listens there: the bot tries for ever, and the page works.
      TELEGRAM_API_ROOT: 'http://127.0.0.1:9',
    });
    const url = await service.url();
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, reasons: ['Telegram is not connected.'] });
    expect((await upload(url, photo)).status).toBe(200);
  });

  it('is not ready while it stops, and finishes what it has', async () => {
    service = await ServiceProcess.start({ WEB_RATE_LIMIT: '0' });
    const url = await service.url();
    const uploads = Array.from({ length: 6 }, () => upload(url, photo));
    await service.says(/photo processing/);
    process.kill(service.pid, 'SIGTERM');
    await service.says(/stopping; a second signal/);
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, reasons: [expect.stringMatching(/^Stopping: /)] });
    const accepted = service.output.match(/photo queued/g)?.length ?? 0;
    const statuses = await Promise.all(uploads.map(async (one) => (await one).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(accepted);
    expect(await service.exitCode()).toBe(0);
  });

  it('tells the whole life of a photo in the log, under one field', async () => {
    service = await ServiceProcess.start({
      TELEGRAM_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.root,
      LOG_LEVEL: 'debug',
    });
    await service.says(/Telegram is on/);
    const source = await telegram.send(telegram.newUser(), { photo });
    const job = (await service.says(/"job":"(tg-[^"]+)"/))[1] ?? '';
    expect(job).toContain(String(source.message_id));
    await service.says(new RegExp(`"job":"${job}".*photo done`));
    const web = await upload(await service.url(), photo);
    expect(web.status).toBe(200);
    await service.says(/"platform":"web"[\s\S]*photo done/);

    const lines = linesOf(service.output);
    const of = (id: unknown) => lines.filter((line) => line['job'] === id).map(({ msg }) => msg);
    expect(of(job)).toEqual(['photo queued', 'photo processing', 'photo delivering', 'photo done']);
    const webJob = lines.find((line) => line['platform'] === 'web')?.['job'];
    expect(of(webJob)).toEqual(
      expect.arrayContaining([
        'photo queued',
        'photo processing',
        'photo delivering',
        'photo done',
        'request',
      ]),
    );
    // No line speaks of a photo without that field.
    for (const id of [job, String(webJob)]) {
      const mentions = service.output.split('\n').filter((line) => line.includes(id));
      expect(mentions.filter((line) => !line.includes(`"job":"${id}"`))).toEqual([]);
    }
  });
});
