/** Memory per photo has a bound in every format, whatever a small file claims. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROFILES } from '../../../src/inference/profile.ts';

const PROGRAM = fileURLToPath(new URL('decode-memory-process.ts', import.meta.url));
/** 49 megapixels, just under the limit of every format. */
const SIDE = 7000;

/** Beside the codec: the result, once more while it is turned, and the libraries themselves. */
const BESIDE = { full: 180e6, small: 100e6 } as const;

const flat = (background: string | object = '#369', channels: 3 | 4 = 3) =>
  sharp({ create: { width: SIDE, height: SIDE, channels, background } });

const FILES: Readonly<Record<string, () => Sharp>> = {
  'line by line.jpg': () => flat().jpeg(),
  'scans.jpg': () => flat().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
  'turned.png': () => flat().withMetadata({ orientation: 6 }).png(),
  'interlaced, 16 bits.png': () =>
    flat({ r: 9, g: 99, b: 199, alpha: 0.5 }, 4).toColourspace('rgb16').png({ progressive: true }),
  'flat.webp': () => flat().webp({ effort: 0 }),
  'flat.gif': () => flat().gif({ effort: 1 }),
  'flat.avif': () => flat().avif({ effort: 0 }),
  '10 bits.avif': () => flat().avif({ effort: 0, bitdepth: 10 }),
};

interface Report {
  readonly outcome: 'drawn' | { readonly code: string; readonly details: { readonly megapixels: number } };
  readonly grown: number;
}

// Only Linux tells a process's peak.
describe.runIf(process.platform === 'linux')('49 megapixels', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dctoon-memory-'));
    for (const [name, make] of Object.entries(FILES)) {
      await writeFile(join(folder, name), await make().toBuffer());
    }
  }, 300_000);
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  async function report(profile: 'full' | 'small', name: string): Promise<Report> {
    const args = ['--import', 'tsx', PROGRAM, profile, join(folder, name)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as Report;
  }

  describe.each(['full', 'small'] as const)('with the profile %s', (profile) => {
    it.each(Object.keys(FILES))(
      '%s',
      async (name) => {
        const { outcome, grown } = await report(profile, name);
        expect(grown).toBeLessThan(PROFILES[profile].decodeBytes + BESIDE[profile]);
        if (outcome === 'drawn') return;
        expect(outcome.code).toBe('too_many_pixels');
        expect(outcome.details.megapixels).toBeLessThan(49);
      },
      120_000,
    );
  });

  it('what phones and editors make is drawn', async () => {
    expect((await report('small', 'line by line.jpg')).outcome).toBe('drawn');
    expect((await report('full', 'scans.jpg')).outcome).toBe('drawn');
    expect((await report('small', 'turned.png')).outcome).toBe('drawn');
  }, 120_000);
});
