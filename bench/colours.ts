/**
 * How far the styles' colours are from those of real pictures, and from flat colours.
 *
 * A picture and its cartoon are compared on a grid of 48 x 48 means; a cell is off when the distance of its two colours (Euclidean, RGB
 * of 0..255) is over 70 levels, and a picture when more than 3 % of its cells are. Flat pictures of eight colours tell what hue a style
 * turns each of them to. Nothing here knows what a person is: a face that changes much counts as well.
 *
 *     npx tsx bench/colours.ts FOLDER... [--styles 3d,design] [--worst 5] [--out FOLDER]
 *
 * `--worst` names the pictures with most cells off, `--out` keeps their cartoons.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { readManifest } from '../src/inference/models/manifest.ts';
import { Pipeline } from '../src/inference/pipeline.ts';
import { PROFILES } from '../src/inference/profile.ts';
import { MODELS_DIR } from './baselines.ts';
import { table } from './measure.ts';
import type { Row } from './section.ts';

const GRID = 48;
/** Levels of distance from which a cell is off, and the share of such cells from which a picture is. */
const OFF = { levels: 70, share: 0.03 } as const;
/** Larger pictures are measured at this size, in pixels along the longer side: colours need no more. */
const LONGEST = 1024;
/** Saturated, pale and grey: what styles have turned to another colour. */
const FLAT: readonly string[] = [
  '#ff0000',
  '#c8141e',
  '#00c8dc',
  '#808080',
  '#e67814',
  '#1e3cb4',
  '#28a046',
  '#8c50a0',
];
/** Below, a colour has no hue: the difference of its largest and smallest channel. */
const GREY = 24;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    styles: { type: 'string' },
    worst: { type: 'string', default: '0' },
    out: { type: 'string' },
  },
});
const { styles } = await readManifest(MODELS_DIR);
const wanted =
  values.styles?.split(',') ?? styles.filter(({ monochrome }) => !monochrome).map(({ id }) => id);
const pipeline = await Pipeline.load({ modelsDir: MODELS_DIR, ...PROFILES.full, openStyles: 1 });
const HOOKS = { onStage: () => {}, isCancelled: () => false };

async function draw(photo: Uint8Array, style: string): Promise<Uint8Array> {
  return (await pipeline.run({ photo, style, format: 'png' }, HOOKS)).image;
}

async function cells(picture: Uint8Array): Promise<Buffer> {
  const small = sharp(picture).removeAlpha().toColourspace('srgb');
  return await small.resize(GRID, GRID, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
}

/** Shares of cells that are off: by distance, and by the channel that changed most. */
async function off(photo: Uint8Array, cartoon: Uint8Array): Promise<{ distance: number; channel: number }> {
  const [before, after] = [await cells(photo), await cells(cartoon)];
  let [distance, channel] = [0, 0];
  for (let at = 0; at < before.length; at += 3) {
    const difference = [0, 1, 2].map((i) => Math.abs((before[at + i] as number) - (after[at + i] as number)));
    distance += Number(Math.hypot(...difference) > OFF.levels);
    channel += Number(Math.max(...difference) > OFF.levels);
  }
  return { distance: distance / GRID ** 2, channel: channel / GRID ** 2 };
}

/** Degrees; undefined for greys. */
function hue([red = 0, green = 0, blue = 0]: readonly number[]): number | undefined {
  const chroma = Math.max(red, green, blue) - Math.min(red, green, blue);
  if (chroma < GREY) return undefined;
  return (Math.atan2(Math.sqrt(3) * (green - blue), 2 * red - green - blue) * 180) / Math.PI;
}

async function files(folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
    found.push(...names.map((name) => join(folder, name)));
  }
  return found;
}

/** A photo as it is measured: upright, without transparency, not large. */
async function prepared(file: string): Promise<Buffer | undefined> {
  const upright = sharp(await readFile(file))
    .rotate()
    .flatten({ background: '#fff' });
  const size = { width: LONGEST, height: LONGEST, fit: 'inside', withoutEnlargement: true } as const;
  return await upright.toColourspace('srgb').resize(size).png({ compressionLevel: 1 }).toBuffer();
}

async function pictures(): Promise<Row[]> {
  const photos = await files(positionals);
  const rows: Row[] = [];
  for (const style of wanted) {
    const shares: { name: string; distance: number; channel: number; cartoon: Uint8Array }[] = [];
    let seen = 0;
    for (const file of photos) {
      const photo = await prepared(file).catch(() => undefined);
      if (!photo) continue;
      seen++;
      const cartoon = await draw(photo, style);
      const share = await off(photo, cartoon);
      if (share.distance > OFF.share) shares.push({ name: basename(file), ...share, cartoon });
    }
    shares.sort((one, other) => other.distance - one.distance);
    const byChannel = shares.filter(({ channel }) => channel > OFF.share).length;
    const percent = (count: number) => `${count} (${((100 * count) / seen).toFixed(1)} %)`;
    rows.push({
      style,
      pictures: seen,
      'off by distance': percent(shares.length),
      'off by one channel': percent(byChannel),
    });
    await keep(style, shares.slice(0, Number(values.worst)));
  }
  return rows;
}

async function keep(
  style: string,
  worst: readonly { name: string; distance: number; cartoon: Uint8Array }[],
): Promise<void> {
  for (const { name, distance, cartoon } of worst) {
    console.log(`${style}: ${name} ${(100 * distance).toFixed(1)} %`);
    if (!values.out) continue;
    await mkdir(values.out, { recursive: true });
    await writeFile(join(values.out, `${style}-${name}.png`), cartoon);
  }
}

async function flat(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const background of FLAT) {
    const photo = await sharp({ create: { width: 384, height: 384, channels: 3, background } })
      .png()
      .toBuffer();
    const row: Record<string, string> = { colour: background };
    for (const style of wanted) {
      const { channels } = await sharp(await draw(photo, style))
        .removeAlpha()
        .stats();
      const after = channels.map(({ mean }) => Math.round(mean));
      const before = [1, 3, 5].map((at) => Number.parseInt(background.slice(at, at + 2), 16));
      const [from, to] = [hue(before), hue(after)];
      const turn =
        from === undefined
          ? `chroma ${Math.max(...after) - Math.min(...after)}`
          : to === undefined
            ? 'grey'
            : `${Math.abs(((from - to + 540) % 360) - 180).toFixed(0)}°`;
      row[style] = `${after.join(' ')}, ${turn}`;
    }
    rows.push(row);
  }
  return rows;
}

console.log(table(await flat()));
if (positionals.length > 0) console.log(`\n${table(await pictures())}`);
