/**
 * The started service under load through its HTTP interface, 512 x 512 photos with one face, one inference child: closed
 * (so many people, each sends the next photo when the last came back) and open (photos arrive at random, whatever comes).
 */

import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { build, ServiceProcess } from '../test/support/service.ts';
import { untilUp, upload } from './http.ts';
import { percentile } from './measure.ts';
import { photo } from './photos.ts';
import { fixed, type Section } from './section.ts';

const PORT = '8099';
const SECONDS = 8;

export const load: Section = {
  name: 'load',
  async measure({ smoke }) {
    await build();
    const service = await ServiceProcess.start({
      WEB_PORT: PORT,
      WEB_RATE_LIMIT: '0',
      QUEUE_LIMIT_PER_USER: '1000',
      LOG_LEVEL: 'warn',
    });
    await untilUp(PORT);
    const face = sharp(await photo(512, 512, 1));
    const files = await Promise.all(
      Array.from(
        { length: 32 },
        async (_, n) =>
          await face
            .clone()
            .modulate({ hue: 10 * n })
            .jpeg()
            .toBuffer(),
      ),
    );
    let next = 0;
    const send = async (): Promise<number> => {
      const begun = performance.now();
      await upload(PORT, files[next++ % files.length] as Buffer);
      return performance.now() - begun;
    };
    await send();
    const seconds = smoke ? 1 : SECONDS;
    const rows = [];
    let capacity = 0;
    for (const people of smoke ? [2] : [1, 4, 16]) {
      const { waits, perSecond } = await closed(people, seconds, send);
      capacity = Math.max(capacity, perSecond);
      rows.push(row(`closed, ${people} at a time`, perSecond, waits));
    }
    for (const share of smoke ? [0.5] : [0.5, 0.8]) {
      const { waits, perSecond } = await open(share * capacity, seconds, send);
      rows.push(row(`open, ${100 * share} % of the most`, perSecond, waits));
    }
    await service.stop();
    await service.dispose();
    return [rows];
  },
};

interface Outcome {
  readonly waits: readonly number[];
  readonly perSecond: number;
}

async function closed(people: number, seconds: number, send: () => Promise<number>): Promise<Outcome> {
  const waits: number[] = [];
  const begun = performance.now();
  const one = async () => {
    while (performance.now() - begun < 1000 * seconds) waits.push(await send());
  };
  await Promise.all(Array.from({ length: people }, one));
  return { waits, perSecond: (1000 * waits.length) / (performance.now() - begun) };
}

/** Arrivals of a Poisson process: the pauses between them are exponential. */
async function open(rate: number, seconds: number, send: () => Promise<number>): Promise<Outcome> {
  const begun = performance.now();
  const sent: Promise<number>[] = [];
  while (performance.now() - begun < 1000 * seconds) {
    sent.push(send());
    await sleep((-Math.log(1 - Math.random()) * 1000) / rate);
  }
  const waits = await Promise.all(sent);
  return { waits, perSecond: (1000 * waits.length) / (performance.now() - begun) };
}

const row = (what: string, perSecond: number, waits: readonly number[]) => ({
  load: what,
  'photos a second': fixed(perSecond),
  'p50 ms': fixed(percentile(waits, 0.5), 0),
  'p95 ms': fixed(percentile(waits, 0.95), 0),
  'p99 ms': fixed(percentile(waits, 0.99), 0),
});
