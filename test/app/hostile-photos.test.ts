/** Small files that are large or slow to decode, sent to the started service: it stays within its memory, and goes on. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { flatAvif, pngOfTexts } from '../support/dear-photos.ts';
import { astronaut } from '../support/photos.ts';
import { build, processorSeconds, ServiceProcess } from '../support/service.ts';

let avif: Buffer;
let texts: Buffer;
beforeAll(async () => {
  await build();
  avif = await flatAvif();
  texts = await pngOfTexts();
}, 180_000);

let service: ServiceProcess;
afterEach(async () => await service.dispose());

/** Highest resident megabytes so far of the service and of the processes it started. */
async function peaksMb(): Promise<number[]> {
  const pids = [service.pid, ...(await service.children())];
  return await Promise.all(
    pids.map(async (one) => {
      const status = await readFile(`/proc/${one}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1000;
    }),
  );
}

async function upload(photo: Buffer): Promise<number> {
  const body = new FormData();
  body.set('file', new Blob([new Uint8Array(photo)]), 'me');
  body.set('style', '3d');
  const answer = await fetch(`${await service.url()}/upload`, { method: 'POST', body });
  await answer.arrayBuffer();
  return answer.status;
}

// Only Linux tells a process's peak.
describe.runIf(process.platform === 'linux').each([
  // Main process and inference process; idle they take about 140 MB each.
  ['full', [350, 600]],
  ['small', [500]],
] as const)('TIER=%s', (TIER, limits) => {
  it('refuses an AVIF of 49 megapixels in 2 kB, and draws a PNG with 4.9 MB of compressed text', async () => {
    service = await ServiceProcess.start({ TIER, WEB_RATE_LIMIT: '0', QUEUE_CONCURRENCY: '1' });
    expect(avif.length).toBeLessThan(4000);
    expect(await upload(avif)).toBe(413);
    expect(await upload(texts)).toBe(200);
    expect(await upload(avif)).toBe(413);
    expect(await upload(await astronaut())).toBe(200);
    const peaks = await peaksMb();
    expect(peaks).toHaveLength(limits.length);
    console.info(`TIER=${TIER}: peaks of ${peaks.map(Math.round).join(' and ')} MB`);
    for (const [place, limit] of limits.entries()) expect(peaks[place]).toBeLessThan(limit);
    // Inflating the text took ten seconds and more of a core.
    if (TIER === 'small') expect(await processorSeconds(service.pid)).toBeLessThan(15);
  }, 120_000);
});
