/** People with known outlines, and pictures composed of them: what cut-outs are measured with. */
import { readFile } from 'node:fs/promises';
import sharp, { type OverlayOptions } from 'sharp';
import { type RawImage, render } from '../../src/inference/image/raw-image.ts';
import { drawn, rocket } from './photos.ts';

/** In `test/fixtures/people`: WebP with the outline as alpha channel, 600 pixels high. */
export const PEOPLE = [
  'astronaut',
  'grace-hopper',
  'barack-obama',
  'joe-biden',
  'barack-obama-standing',
] as const;
export type Person = (typeof PEOPLE)[number];

export interface Composed {
  readonly name: string;
  readonly picture: RawImage;
  /** One channel, 255 where a person is. */
  readonly truth: RawImage;
}

const SIZE = { width: 800, height: 720 } as const;

/** A transparent picture of a person. */
export async function person(name: Person): Promise<Buffer> {
  return await readFile(new URL(`../fixtures/people/${name}.webp`, import.meta.url));
}

/** Where they stand: one alone, one at a distance, one at the side and mirrored, two beside each other. */
const SCENES = ['wall', 'photo', 'stripes', 'two'] as const;
export type Scene = (typeof SCENES)[number];

/** 20 pictures: every person in every scene. */
export async function composedPeople(): Promise<Composed[]> {
  const all: Composed[] = [];
  for (const [i, name] of PEOPLE.entries()) {
    for (const scene of SCENES)
      all.push(await compose(name, PEOPLE[(i + 1) % PEOPLE.length] as Person, scene));
  }
  return all;
}

async function compose(name: Person, other: Person, scene: Scene): Promise<Composed> {
  return await composed(
    `${name}, ${scene}`,
    scene,
    await Promise.all(placesOf(name, other, scene).map(placed)),
  );
}

/** Ten small people in two rows before a photo. */
export async function smallCrowd(): Promise<Composed> {
  const places = [0.1, 0.3, 0.5, 0.7, 0.9].flatMap((middle, i) => [
    { name: PEOPLE[i] as Person, share: 0.16, middle, isMirrored: i % 2 === 0 },
    { name: PEOPLE[(i + 2) % PEOPLE.length] as Person, share: 0.16, middle, isMirrored: i % 2 === 1 },
  ]);
  const people = await Promise.all(
    places.map(async (place, i) => ({ ...(await placed(place)), top: i % 2 === 0 ? 250 : 480 })),
  );
  return await composed('a crowd', 'photo', people);
}

async function composed(name: string, scene: Scene, people: OverlayOptions[]): Promise<Composed> {
  const { width, height } = SIZE;
  const picture = await sharp(await background(scene))
    .composite(people)
    .removeAlpha()
    .toColourspace('srgb')
    // What a camera's file would have done to it.
    .jpeg({ quality: 90 })
    .toBuffer();
  const empty = {
    create: { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  } as const;
  const layers = await sharp(empty).composite(people).png().toBuffer();
  const truth = await render(sharp(layers).extractChannel(3).toColourspace('b-w'));
  return { name, picture: await render(sharp(picture)), truth };
}

interface Place {
  readonly name: Person;
  /** Height as a share of the picture's. */
  readonly share: number;
  /** The middle, as a share of the picture's width. */
  readonly middle: number;
  readonly isMirrored: boolean;
}

function placesOf(name: Person, other: Person, scene: Scene): Place[] {
  switch (scene) {
    case 'wall':
      return [{ name, share: 0.9, middle: 0.5, isMirrored: false }];
    case 'photo':
      return [{ name, share: 0.6, middle: 0.4, isMirrored: false }];
    case 'stripes':
      return [{ name, share: 0.8, middle: 0.62, isMirrored: true }];
    case 'two':
      return [
        { name, share: 0.66, middle: 0.27, isMirrored: false },
        { name: other, share: 0.7, middle: 0.73, isMirrored: true },
      ];
  }
}

/** Standing on the lower edge of the picture, and cut by its sides. */
async function placed({ name, share, middle, isMirrored }: Place): Promise<OverlayOptions> {
  const height = Math.round(SIZE.height * share);
  const { data, info } = await sharp(await person(name))
    .resize({ height })
    .flop(isMirrored)
    .png()
    .toBuffer({ resolveWithObject: true });
  const wanted = Math.round(SIZE.width * middle - info.width / 2);
  const left = Math.max(0, Math.min(SIZE.width - info.width, wanted));
  return { input: data, left, top: SIZE.height - height };
}

async function background(scene: Scene): Promise<Buffer> {
  const { width, height } = SIZE;
  const rows = Array.from({ length: 14 }, (_, i) => {
    const hue = (47 * i) % 360;
    return `<rect x="${i * 60}" width="60" height="${height}" fill="hsl(${hue} 45% ${30 + ((i * 17) % 45)}%)"/>`;
  });
  const stripes = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${rows.join('')}</svg>`;
  switch (scene) {
    case 'wall':
      return await drawn(width, height).modulate({ saturation: 0.3, brightness: 1.2 }).png().toBuffer();
    case 'stripes':
      return await sharp(Buffer.from(stripes)).blur(3).png().toBuffer();
    default:
      return await sharp(await rocket())
        .resize(width, height, { fit: 'cover' })
        .modulate({ brightness: 1.1 })
        .png()
        .toBuffer();
  }
}

/** Intersection over union of two alpha masks of one size, each counted where it is more than half. */
export function intersectionOverUnion(one: RawImage, other: RawImage): number {
  if (one.data.length !== other.data.length) throw new Error('masks of different sizes');
  let [both, either] = [0, 0];
  for (const [i, value] of one.data.entries()) {
    const [a, b] = [value > 127, (other.data[i] as number) > 127];
    if (a && b) both++;
    if (a || b) either++;
  }
  return either === 0 ? 1 : both / either;
}
