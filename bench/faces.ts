/**
 * How many of the faces in real photos are found, how many false ones, and how long it takes: all that `findHeads` does.
 *
 * Photos whose faces were labelled by eye (`faces/labels.json` by name, `faces/groups.json` by SHA-256; the photos are not ours to
 * commit, each row says where they are from), crowds put together from portraits, whose places, sizes and tilts are known by
 * construction, and pictures without people (`faces/nobody.json`, `--scenes`). Sets that are not at hand are left out,
 * with a notice.
 *
 *     npx tsx bench/faces.ts PHOTOS... --portraits FOLDER --scenes FOLDER
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { drawingSize } from '../src/inference/drawing/stylize.ts';
import { findHeads } from '../src/inference/faces/align.ts';
import { apply, invert } from '../src/inference/faces/similarity.ts';
import { type RawImage, render, resize } from '../src/inference/image/raw-image.ts';
import { PROFILES } from '../src/inference/profile.ts';
import { faceModels } from '../test/support/models.ts';
import { type Crowd, crowds, type Face } from './faces/crowds.ts';

/** Where the middle of a face lies in a head crop. */
const MIDDLE = { x: 145.9, y: 171 };
/** A head belongs to a face when its middle is within this part of the face's size, and upright within so many degrees. */
const NEAR = 0.5;
const UPRIGHT = 40;
const PICTURES = new Set(['.jpg', '.jpeg', '.png', '.webp']);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { portraits: { type: 'string' }, scenes: { type: 'string' } },
});
const { detector, mesh } = await faceModels();

interface Count {
  faces: number;
  found: number;
  wrongWayUp: number;
  small: number;
  smallFound: number;
  false: number;
  pictures: number;
  ms: number;
}

const nothing = (): Count => ({
  faces: 0,
  found: 0,
  wrongWayUp: 0,
  small: 0,
  smallFound: 0,
  false: 0,
  pictures: 0,
  ms: 0,
});

/** @param unclear what nobody can call a face or no face: not missed when it is not found, not false when it is */
async function look(
  photo: RawImage,
  faces: readonly Face[],
  count: Count,
  unclear: readonly Face[] = [],
): Promise<void> {
  const small = await resize(photo, drawingSize(photo, PROFILES.full.drawingSide));
  const started = performance.now();
  const { drawn } = await findHeads(photo, small, detector, mesh);
  count.ms += performance.now() - started;
  count.pictures++;
  const heads = drawn.map(({ matrix }) => {
    const back = invert(matrix);
    return { at: apply(back, MIDDLE), tilt: (Math.atan2(back.b, back.a) * 180) / Math.PI, taken: false };
  });
  const headOf = ({ x, y, size }: Face) =>
    heads.find(({ at, taken }) => !taken && Math.hypot(at.x - x, at.y - y) < NEAR * size);
  for (const face of faces) {
    const { x, y, size, tilt } = face;
    const head = headOf(face);
    if (head) head.taken = true;
    const away = head && tilt !== undefined ? Math.abs(((head.tilt - tilt + 540) % 360) - 180) : 0;
    if (head && away > UPRIGHT) count.wrongWayUp++;
    const right = head !== undefined && away <= UPRIGHT;
    if (size < 24) continue; // only so that it is not false
    if (size < 48) {
      count.small++;
      count.smallFound += Number(right);
    } else {
      count.faces++;
      count.found += Number(right);
    }
    if (!right && process.env['VERBOSE'])
      console.log(`missed ${Math.round(x)},${Math.round(y)} ${Math.round(size)} px, tilt ${tilt}`);
  }
  for (const face of unclear) {
    const head = headOf(face);
    if (head) head.taken = true;
  }
  for (const { at } of heads.filter(({ taken }) => !taken)) {
    count.false++;
    if (process.env['VERBOSE']) console.log(`false ${Math.round(at.x)},${Math.round(at.y)}`);
  }
}

async function decoded(file: string): Promise<RawImage> {
  return await render(sharp(file).rotate().flatten().removeAlpha().toColourspace('srgb'));
}

function print(set: string, count: Count): void {
  const share = (part: number, all: number) =>
    all === 0 ? '' : `${part} of ${all} (${((100 * part) / all).toFixed(1)} %)`;
  const cells = [
    set,
    count.pictures,
    share(count.found, count.faces),
    share(count.smallFound, count.small),
    count.wrongWayUp,
    count.false,
    (count.ms / count.pictures).toFixed(0),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

async function labelled(folders: readonly string[]): Promise<void> {
  const labels = JSON.parse(
    await readFile(new URL('./faces/labels.json', import.meta.url), 'utf8'),
  ) as Record<string, { from: string; photos: Record<string, [number, number, number][]> }>;
  for (const [set, { from, photos }] of Object.entries(labels)) {
    const count = nothing();
    for (const [name, faces] of Object.entries(photos)) {
      const file = folders.map((folder) => join(folder, name)).find(existsSync);
      if (!file) continue;
      if (process.env['VERBOSE']) console.log(basename(file));
      await look(
        await decoded(file),
        faces.map(([x, y, size]) => ({ x, y, size })),
        count,
      );
    }
    if (count.pictures > 0) print(set, count);
    else console.error(`"${set}" left out: give a folder with photos of ${from}`);
  }
}

interface Labelled {
  readonly sha256: string;
  readonly faces: readonly [number, number, number][];
  readonly unclear: readonly [number, number, number][];
}

const face = ([x, y, size]: readonly [number, number, number]): Face => ({ x, y, size });

/** Photos that are known by what they hold, wherever they lie. */
async function byHash(set: string, list: string, folders: readonly string[]): Promise<void> {
  const labels = JSON.parse(await readFile(new URL(list, import.meta.url), 'utf8')) as Labelled[];
  const known = new Map(labels.map((labelled) => [labelled.sha256, labelled]));
  const count = nothing();
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (!entry.isFile() || !PICTURES.has(extname(file).toLowerCase())) continue;
      const sha256 = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      const labelled = known.get(sha256);
      if (!labelled) continue;
      known.delete(sha256);
      if (process.env['VERBOSE']) console.log(basename(file));
      await look(await decoded(file), labelled.faces.map(face), count, labelled.unclear.map(face));
    }
  }
  if (known.size > 0)
    console.error(`${known.size} pictures of "${set}" are not in the folders given: ${list}`);
  if (count.pictures > 0) print(set, count);
}

async function filesOf(folder: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => join(folder, name));
}

async function constructed(portraits: string, scenes: string): Promise<void> {
  const people = await Promise.all((await filesOf(portraits)).map(decoded));
  const places = await filesOf(scenes);
  const sets: [string, Partial<Crowd>][] = [
    ['crowds of 24 to 47 pixels', { smallest: 24, largest: 47 }],
    ['crowds of 48 to 160 pixels', { smallest: 48, largest: 160 }],
    ['lying, on their heads', { smallest: 80, largest: 200, people: 4, tilts: [90, 180, 270] }],
    ['tilted by 60 degrees', { smallest: 80, largest: 200, people: 4, tilts: [60, -60] }],
    ['a third beyond the edge', { smallest: 120, largest: 260, people: 1, cut: 0.33 }],
  ];
  for (const [name, crowd] of sets) {
    const count = nothing();
    for await (const { photo, faces } of crowds(people, places, crowd, (file) => decoded(file), detectAt)) {
      await look(photo, faces, count);
    }
    print(name, count);
  }
  const count = nothing();
  for (const file of places) await look(await decoded(file), [], count);
  print('scenes without people', count);
}

/** Where the face of an upright portrait is. */
async function detectAt(portrait: RawImage): Promise<Face | undefined> {
  const found = await findHeads(portrait, portrait, detector, mesh);
  const [head] = found.drawn;
  if (!head) return undefined;
  const back = invert(head.matrix);
  return { ...apply(back, MIDDLE), size: 158 * Math.hypot(back.a, back.b) };
}

console.log(
  '| set | pictures | faces of 48 pixels and more found | of 24 to 47 pixels | wrong way up | false | ms a picture |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
await labelled(positionals);
await byHash('groups from other projects', './faces/groups.json', positionals);

await byHash('animals, things and places of other projects', './faces/nobody.json', positionals);
if (values.portraits && values.scenes) await constructed(values.portraits, values.scenes);
