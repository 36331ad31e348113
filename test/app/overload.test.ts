/** Ten times more than the service takes: who is refused knows at once, in kind words; memory and disk keep their bounds. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTexts } from '../../src/texts/index.ts';
import { LoopbackTelegram } from '../support/loopback-telegram/index.ts';
import { astronaut } from '../support/photos.ts';
import { build, residentMb, ServiceProcess } from '../support/service.ts';

const en = createTexts('en');
const PATIENCE = { timeout: 90_000, interval: 100 };
let photo: Buffer;
beforeAll(async () => {
  await build();
  photo = await sharp(await astronaut())
    .resize(256)
    .jpeg()
    .toBuffer();
}, 120_000);

let dataDir: string;
let service: ServiceProcess;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'dctoon-overload-'));
});
afterEach(async () => {
  await service.dispose();
  await rm(dataDir, { recursive: true, force: true });
});

/** Of the service's main process. */
const mainMb = () => residentMb(service.pid);

async function blobMb(): Promise<number> {
  const folder = join(dataDir, 'spool', 'blobs');
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => ({ size: 0 }))));
  return sizes.reduce((sum, { size }) => sum + size, 0) / 1e6;
}

/** The largest value while `work` goes on. */
async function highest(measure: () => Promise<number>, work: Promise<unknown>): Promise<number> {
  let most = 0;
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  while (!over) {
    most = Math.max(most, await measure());
    await sleep(20);
  }
  await done;
  return most;
}

const start = async (env: Readonly<Record<string, string>>) => {
  service = await ServiceProcess.start({ DATA_DIR: dataDir, WEB_RATE_LIMIT: '0', ...env });
  return service.url();
};

describe('ten times too much', { timeout: 180_000 }, () => {
  it('on the page: refused at once, memory bounded, and what was accepted is drawn', async () => {
    const url = await start({ QUEUE_LIMIT: '20', QUEUE_LIMIT_PER_USER: '1000', TRUST_PROXY: '1' });
    const before = await mainMb();
    // A photo of 4 MB each: 800 MB, if they were all held.
    const large = new Blob([photo, new Uint8Array(4e6)]);
    const submit = async (index: number) => {
      const form = new FormData();
      form.set('file', large, 'me.jpg');
      const started = performance.now();
      const headers = { 'x-forwarded-for': `10.0.0.${index}` };
      const response = await fetch(`${url}/api/jobs`, { method: 'POST', body: form, headers });
      const body = (await response.json()) as { url?: string; detail?: string };
      return { status: response.status, body, ms: performance.now() - started };
    };
    const answers: Awaited<ReturnType<typeof submit>>[] = [];
    const flood = async () => {
      // Forty senders, each with the next photo as soon as the last is accepted or refused.
      const sender = async (first: number) => {
        for (let index = first; index < 200; index += 40) answers.push(await submit(index));
      };
      await Promise.all(Array.from({ length: 40 }, (_, first) => sender(first)));
    };
    const peak = await highest(mainMb, flood());
    const accepted = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(accepted.length).toBeGreaterThanOrEqual(20);
    expect(refused.length).toBeGreaterThan(100);
    expect([...new Set(refused.map(({ status }) => status))]).toEqual([503]);
    for (const { body } of refused) expect(JSON.stringify(body)).toMatch(/So many photos are waiting/);
    const slowest = Math.max(...refused.map(({ ms }) => ms));
    console.info(
      `page: ${accepted.length} accepted, ${refused.length} refused, the slowest after ${Math.round(slowest)} ms; ` +
        `main process ${Math.round(before)} MB before, at most ${Math.round(peak)} MB`,
    );
    // Not a measurement (the machine is shared): nobody who is refused waits for the line to move.
    expect(slowest).toBeLessThan(30_000);
    expect(peak - before).toBeLessThan(350);
    for (const { body } of accepted) {
      const state = async () =>
        ((await (await fetch(`${url}${body.url}`)).json()) as { state: string }).state;
      await expect.poll(state, PATIENCE).toBe('done');
    }
    // The last photo goes a moment after its answer is there.
    await expect.poll(blobMb, PATIENCE).toBe(0);
  });

  it('on Telegram: everybody gets exactly one answer, a cartoon or a sentence', async () => {
    const telegram = await LoopbackTelegram.start();
    try {
      await start({
        QUEUE_LIMIT: '20',
        TELEGRAM_TOKEN: telegram.token,
        TELEGRAM_API_ROOT: telegram.root,
      });
      await service.says(/Telegram is on/);
      const before = await mainMb();
      const sent = new Map<number, number>();
      const users = Array.from({ length: 200 }, () => telegram.newUser());
      const flood = async () => {
        for (const [index, user] of users.entries()) {
          // Each photo is another one, or the cache would answer.
          const bytes = Buffer.concat([photo, Buffer.from(`${index}`)]);
          await telegram.send(user, { photo: bytes });
          sent.set(user.id, Date.now());
        }
        await expect
          .poll(() => users.filter((user) => answersOf(user.id).length === 0).length, PATIENCE)
          .toBe(0);
      };
      const answersOf = (id: number) =>
        telegram
          .botMessages(telegram.world.room(id))
          .filter(({ text }) => text === undefined || /So many photos/.test(text));
      const peak = await highest(mainMb, flood());
      await sleep(500);
      expect(users.every((user) => answersOf(user.id).length === 1)).toBe(true);
      const refusals = telegram
        .callsOf('sendMessage')
        .filter((call) => String(call.payload['text']).includes('So many photos'));
      const times = refusals.map((call) => call.at - (sent.get(Number(call.payload['chat_id'])) ?? 0));
      const drawn = users.filter((user) => telegram.pictures(telegram.world.room(user.id)).length === 1);
      console.info(
        `Telegram: ${drawn.length} drawn, ${refusals.length} refused, the slowest after ${Math.max(...times)} ms; ` +
          `main process ${Math.round(before)} MB before, at most ${Math.round(peak)} MB`,
      );
      expect(drawn.length + refusals.length).toBe(200);
      expect(refusals.length).toBeGreaterThan(80);
      expect(peak - before).toBeLessThan(200);
      expect(telegram.violations).toEqual([]);
    } finally {
      await telegram.close();
    }
  });

  it('on the disk: DATA_LIMIT_MB is never passed, and room that comes back is used again', async () => {
    const url = await start({ DATA_LIMIT_MB: '50', QUEUE_LIMIT_PER_USER: '100' });
    const submit = async () => {
      const form = new FormData();
      form.set('file', new Blob([photo, new Uint8Array(8e6)]), 'me.jpg');
      const response = await fetch(`${url}/api/jobs`, { method: 'POST', body: form });
      return { status: response.status, text: await response.text() };
    };
    const answers: Awaited<ReturnType<typeof submit>>[] = [];
    // No more at a time than the page lets one visitor send: it is the disk that is to be full.
    const flood = async () => {
      for (let wave = 0; wave < 3; wave++) {
        answers.push(...(await Promise.all(Array.from({ length: 5 }, submit))));
      }
    };
    const most = await highest(blobMb, flood());
    expect(most).toBeLessThanOrEqual(50);
    const full = answers.filter(({ status }) => status === 503);
    expect(full.length).toBeGreaterThan(0);
    for (const { text } of full) expect(text).toContain(en.error('storage_full'));
    expect(answers.filter(({ status }) => status === 202).length).toBeGreaterThanOrEqual(4);
    await expect.poll(blobMb, PATIENCE).toBe(0);
    expect((await submit()).status).toBe(202);
  });
});
