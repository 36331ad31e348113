/** Everything of the bad-input list: a cartoon or a refusal with the right name, soon, and nobody dies. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cartoonizer } from '../../../src/inference/cartoonizer.ts';
import { decode, restrictLoaders } from '../../../src/inference/image/decode.ts';
import { PROFILES } from '../../../src/inference/profile.ts';
import { DctoonError, type ErrorCode } from '../../../src/shared/errors.ts';
import { type HostileFile, hostileFiles } from '../../support/hostile.ts';
import { MODELS_DIR } from '../../support/models.ts';
import { astronaut } from '../../support/photos.ts';

/** A refusal costs less than a second of work. */
const SOON_MS = 1000;
const USER_CODES: readonly ErrorCode[] = [
  'unsupported_format',
  'heic',
  'too_large',
  'too_many_pixels',
  'broken_image',
];

interface Verdict {
  readonly outcome: ErrorCode | 'drawn';
  readonly ms: number;
}

const LONGEST_SIDE = PROFILES.full.longestSide;

/** Milliseconds of processor time this process has used; unlike the clock's, other programs do not add to them. */
function worked(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What the decoder makes of a file. Anything but a picture or a named refusal fails the test. */
async function judge(bytes: Uint8Array): Promise<Verdict> {
  const started = worked();
  const took = () => worked() - started;
  try {
    const { width, height, channels, data } = await decode(bytes, PROFILES.full);
    expect(data.length).toBe(width * height * channels);
    expect(Math.max(width, height)).toBeLessThanOrEqual(LONGEST_SIDE);
    return { outcome: 'drawn', ms: took() };
  } catch (error) {
    if (!(error instanceof DctoonError)) throw error;
    expect(USER_CODES).toContain(error.code);
    return { outcome: error.code, ms: took() };
  }
}

beforeAll(restrictLoaders);

describe('hostile files', () => {
  let files: HostileFile[];
  beforeAll(async () => {
    // Whoever is first opens libvips.
    await judge(await astronaut());
    files = await hostileFiles();
  }, 60_000);

  it('each ends as it should, refusals soon', async () => {
    const slow: string[] = [];
    let refused = 0;
    for (const { name, bytes, outcomes } of files) {
      const { outcome, ms } = await judge(bytes);
      expect([name, outcomes]).toEqual([name, expect.arrayContaining([outcome])]);
      if (outcome === 'drawn') continue;
      refused++;
      if (ms > SOON_MS) slow.push(`${name}: ${Math.round(ms)} ms`);
    }
    expect(slow).toEqual([]);
    console.info(`hostile files: ${files.length} made here, ${refused} refused, 0 crashes`);
  }, 60_000);

  describe('through the whole engine', () => {
    let engine: Cartoonizer;
    beforeAll(async () => {
      engine = await Cartoonizer.create({ modelsDir: MODELS_DIR });
    }, 60_000);
    afterAll(() => engine.close());

    it('no process dies, and what is refused is refused alike', async () => {
      // Those with most of libvips behind them; the rest ends at the signature.
      for (const { name, bytes, outcomes } of files.filter((file) => file.bytes.length < 100_000)) {
        if (outcomes[0] === 'drawn' && !/EXIF|bomb|CMYK|profile/.test(name)) continue;
        const outcome = await engine.cartoonize(bytes, { style: '3d' }).then(
          () => 'drawn' as const,
          (error: DctoonError) => error.code,
        );
        expect([name, outcomes]).toEqual([name, expect.arrayContaining([outcome])]);
      }
      expect(engine.stats().restarts).toBe(0);
    }, 120_000);
  });
});

const BADIMAGES = fileURLToPath(new URL('../../../../shared/badimages/', import.meta.url));
if (existsSync(BADIMAGES)) {
  describe('files of other projects (badimages)', () => {
    it('each is drawn or refused by name, soon', async () => {
      const names = await readdir(BADIMAGES, { recursive: true });
      const counts: Record<string, number> = {};
      const slow: string[] = [];
      for (const name of names) {
        const bytes = await readFile(join(BADIMAGES, name)).catch(() => undefined);
        if (!bytes) continue;
        const { outcome, ms } = await judge(bytes);
        counts[outcome] = (counts[outcome] ?? 0) + 1;
        if (outcome !== 'drawn' && ms > SOON_MS) slow.push(`${name}: ${Math.round(ms)} ms`);
        if (/\.(svg|bmp|txt|icc|jp2|md)$/.test(name))
          expect([name, outcome]).toEqual([name, 'unsupported_format']);
      }
      expect(slow).toEqual([]);
      expect(counts['drawn']).toBeGreaterThan(0);
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      console.info(`badimages: ${total} files, 0 crashes: ${JSON.stringify(counts)}`);
    }, 120_000);
  });
} else {
  console.info('badimages: ../shared/badimages is not here, its files are not tested');
}

describe('the decoder, whatever the bytes', () => {
  const seeds: Buffer[] = [];
  beforeAll(async () => {
    const small = sharp(await astronaut()).resize(48, 40);
    for (const format of ['jpeg', 'png', 'webp', 'gif'] as const)
      seeds.push(await small.clone().toFormat(format).toBuffer());
    seeds.push(await small.clone().jpeg({ progressive: true }).withMetadata({ orientation: 5 }).toBuffer());
    seeds.push(await small.clone().png({ palette: true, progressive: true }).toBuffer());
    seeds.push(await small.clone().avif({ effort: 0 }).toBuffer());
  });

  const seed = fc.nat(6).map((index) => seeds[index] ?? Buffer.alloc(0));
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const at = (file: Uint8Array, where: number) => Math.floor(file.length * where);
  const flips = fc.array(fc.tuple(place, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 12 });
  const mutated = fc.oneof(
    // Flipped bytes.
    fc.tuple(seed, flips).map(([file, changes]) => {
      const copy = Buffer.from(file);
      for (const [where, mask] of changes) {
        const index = Math.min(copy.length - 1, at(copy, where));
        copy[index] = (copy[index] ?? 0) ^ mask;
      }
      return copy;
    }),
    // Cut short, or with a hole.
    fc.tuple(seed, place, place).map(([file, a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)].map((where) => at(file, where));
      return Buffer.concat([file.subarray(0, from), file.subarray(to)]);
    }),
    // The head of one before the tail of another.
    fc
      .tuple(seed, seed, place, place)
      .map(([head, tail, a, b]) =>
        Buffer.concat([head.subarray(0, at(head, a)), tail.subarray(at(tail, b))]),
      ),
    // A signature before noise.
    fc
      .tuple(seed, fc.uint8Array({ maxLength: 200 }))
      .map(([file, noise]) => Buffer.concat([file.subarray(0, 24), noise])),
    fc.uint8Array({ maxLength: 300 }),
  );

  it('gives a picture or a named refusal', async () => {
    const counts: Record<string, number> = {};
    let worst = 0;
    await fc.assert(
      fc.asyncProperty(mutated, async (bytes) => {
        const { outcome, ms } = await judge(bytes);
        counts[outcome] = (counts[outcome] ?? 0) + 1;
        worst = Math.max(worst, ms);
      }),
      { numRuns: 10_000, interruptAfterTimeLimit: 25_000 },
    );
    console.info(`fuzzed decoder: ${JSON.stringify(counts)}, slowest ${Math.round(worst)} ms`);
    expect(worst).toBeLessThan(5000);
  }, 60_000);
});
