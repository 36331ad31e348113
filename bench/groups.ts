/**
 * What more faces cost: photos of equal size with 1, 5, 14 and 29 faces, in turns, each profile on one thread; median milliseconds of
 * each stage. The single face stands in front; those of groups get smaller as they get more, as in photos of groups.
 *
 *     npx tsx bench/groups.ts [--runs 7] [--style 3d]
 */
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { Pipeline } from '../src/inference/pipeline.ts';
import { PROFILES, type ProfileName } from '../src/inference/profile.ts';
import type { Timings } from '../src/inference/types.ts';
import { astronaut } from '../test/support/photos.ts';
import { MODELS_DIR } from './baselines.ts';
import { median, table } from './measure.ts';
import { fixed, type Row, times } from './section.ts';

const SIZE = { width: 1600, height: 1064 };
/** Columns and rows of people. */
const GROUPS = { 1: [1, 1], 5: [5, 1], 14: [7, 2], 29: [10, 3] } as const;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '7' }, style: { type: 'string', default: '3d' } },
});

async function group(people: keyof typeof GROUPS): Promise<Buffer> {
  const [columns, rows] = GROUPS[people];
  const side = Math.floor(Math.min(SIZE.width / columns, SIZE.height / rows));
  const person = await sharp(await astronaut())
    .resize(side, side)
    .toBuffer();
  const places = Array.from({ length: people }, (_, i) => ({
    input: person,
    left: (i % columns) * side,
    top: Math.floor(i / columns) * side,
  }));
  const background = { ...SIZE, channels: 3 as const, background: '#789' };
  return await sharp({ create: background }).composite(places).jpeg({ quality: 92 }).toBuffer();
}

async function rowsOf(profile: ProfileName): Promise<Row[]> {
  const pipeline = await Pipeline.load({ modelsDir: MODELS_DIR, ...PROFILES[profile] });
  const hooks = { onStage: () => {}, isCancelled: () => false };
  const measured = new Map<string, Timings[]>();
  const faces = new Map<string, number>();
  const photos = await Promise.all([1, 5, 14, 29].map((n) => group(n as keyof typeof GROUPS)));
  for (let run = -1; run < Number(values.runs); run++) {
    for (const [index, photo] of photos.entries()) {
      const cartoon = await pipeline.run({ photo, style: values.style, format: 'jpeg' }, hooks);
      const name = Object.keys(GROUPS)[index] as string;
      faces.set(name, cartoon.faces);
      if (run >= 0) measured.set(name, [...(measured.get(name) ?? []), cartoon.timings]);
    }
  }
  const of = (name: string, stage: keyof Timings) =>
    median((measured.get(name) ?? []).map((one) => one[stage]));
  return [...measured.keys()].map((name) => ({
    profile,
    people: name,
    'heads drawn': faces.get(name) ?? 0,
    ...Object.fromEntries(
      (['decode', 'faces', 'style', 'blend', 'encode', 'total'] as const).map((stage) => [
        `${stage} ms`,
        fixed(of(name, stage)),
      ]),
    ),
    'against one': times(of(name, 'total'), of('1', 'total')),
  }));
}

for (const profile of ['full', 'small'] as const) console.log(`${table(await rowsOf(profile))}\n`);
