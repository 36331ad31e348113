/**
 * Keeps people's skin tone in styles that draw all skin alike.
 *
 * DCT-Net's anime draws everybody pale, and a student learns it. Training against a toned teacher left grey eye whites and
 * patches, so the tone is given back afterwards, where it can be limited to skin: pixels that are skin in the photo and look
 * like the style's skin in the cartoon. Light skin stays exactly as the style draws it; darker skin becomes darker than that
 * by a share (`keepSkin` of the manifest) of what the photo shows.
 */

import type { Kernels } from '../image/kernels.ts';
import { open, type RawImage, render, resize } from '../image/raw-image.ts';
import type { Stylized } from './stylize.ts';

type Colour = readonly [red: number, green: number, blue: number];

/** Light skin in a photo, median over the cheeks of the lightest third of the training faces. */
const LIGHT: Colour = [212, 168, 148];
/** Rec. 601. */
const LUMA: Colour = [0.299, 0.587, 0.114];
/** Cheeks of a head crop (half way from the eyes to the corners of the mouth), and the side of the square looked at. */
const CHEEKS = [
  { left: 108, top: 170 },
  { left: 170, top: 170 },
] as const;
const CHEEK_SIDE = 13;
/** A tone this near to 1 changes nothing that anybody sees. */
const UNCHANGED = 0.97;
/**
 * Masks are made at this part of the size: skin is large, and the photo's texture must not come through. It also makes
 * them small enough for JavaScript, in the worker process: 36 x 36 pixels of a head, 75 x 56 of a whole picture.
 */
const COARSE = 8;
/** Deviation of a pixel's red and green share of its brightness from the skin's. */
const SPREAD = 0.09;
/** The face in a head crop: middle and radii of an ellipse; all of it counts as skin, highlights too. */
const FACE = { x: 146, y: 168, rx: 80, ry: 105, inside: 0.9, outside: 1.25 } as const;

/** What is known of one face's skin. */
interface Skin {
  readonly photo: Colour;
  readonly cartoon: Colour;
  /** What drawn skin is multiplied with. */
  readonly tone: Colour;
}

/**
 * Tones the drawings of a photo.
 * @param share of the difference to light skin that is kept, 0..1
 * @param heads aligned crops; the tone of each is its own, that of the background the darkest head's
 */
export async function preserveSkinTone(
  background: Stylized,
  heads: readonly Stylized[],
  share: number,
  kernels: Kernels,
): Promise<{ background: Stylized; heads: readonly Stylized[] }> {
  const skins = await Promise.all(heads.map(async (head) => await skinOf(head, share)));
  const toned = [];
  for (const [index, head] of heads.entries()) toned.push(await give(head, skins[index], kernels, inFace));
  const darkest = skins.reduce(
    (one, other) => (other && (!one || other.tone[1] < one.tone[1]) ? other : one),
    undefined,
  );
  return { background: await give(background, darkest, kernels, nowhere), heads: toned };
}

/** undefined where there is nothing to keep */
async function skinOf({ input, cartoon }: Stylized, share: number): Promise<Skin | undefined> {
  const photo = mean(await cheeks(input));
  const light = luma(photo) / luma(LIGHT);
  // Brightness and colour: the colour alone turns deep shadows orange.
  const tone = photo.map((value, i) => {
    const [byBrightness, byColour] = [light ** 0.4, (value / (LIGHT[i] as number)) ** 0.6];
    return Math.min(1, (byBrightness * byColour) ** share);
  }) as unknown as Colour;
  if (tone[1] > UNCHANGED) return undefined;
  // One cheek may be left dark; how the style draws skin shows on the other.
  const [one, other] = await cheeks(cartoon);
  return { photo, cartoon: luma(one) > luma(other) ? one : other, tone };
}

/** Mean colour of the left and of the right cheek. */
async function cheeks(head: RawImage): Promise<[Colour, Colour]> {
  const each = CHEEKS.map(async (corner) => {
    const cut = open(head).extract({ ...corner, width: CHEEK_SIDE, height: CHEEK_SIDE });
    return (await render(cut.resize(1, 1, { fit: 'fill' }))).data;
  });
  return (await Promise.all(each)).map((rgb) => [...rgb]) as unknown as [Colour, Colour];
}

function mean([one, other]: readonly [Colour, Colour]): Colour {
  return one.map((value, i) => (value + (other[i] as number)) / 2) as unknown as Colour;
}

/** The same drawing with its skin toned; the cartoon is not changed in place. */
async function give(
  drawn: Stylized,
  skin: Skin | undefined,
  kernels: Kernels,
  surely: (x: number, y: number) => number,
): Promise<Stylized> {
  if (!skin) return drawn;
  const { input, cartoon } = drawn;
  const mask = await maskOf(drawn, skin, surely);
  const [pixels, alphas] = kernels.areas(cartoon.data.length, mask.data.length);
  kernels.write(pixels, cartoon.data);
  kernels.write(alphas, mask.data);
  kernels.run.tone(pixels, alphas, mask.data.length, ...skin.cartoon, ...skin.tone);
  return { input, cartoon: { ...cartoon, data: kernels.bytes(pixels, cartoon.data.length).slice() } };
}

/**
 * Where the photo shows this skin (by colour, not much lighter or darker), and the cartoon has it paler than its tone;
 * grey, as large as the photo.
 */
async function maskOf(
  { input, cartoon }: Stylized,
  skin: Skin,
  surely: (x: number, y: number) => number,
): Promise<RawImage> {
  const size = {
    width: Math.max(1, Math.round(input.width / COARSE)),
    height: Math.max(1, Math.round(input.height / COARSE)),
  };
  const photo = await resize(input, size);
  const paleness = brightest(await resize(cartoon, size), total(skin.cartoon));
  const mask = new Uint8Array(size.width * size.height);
  for (const index of mask.keys()) {
    const x = ((index % size.width) + 0.5) * COARSE;
    const y = (Math.floor(index / size.width) + 0.5) * COARSE;
    const shown = Math.max(surely(x, y), unit(1.6 * likeness(colourAt(photo, index), skin.photo)));
    // What the style left as dark as it is needs no tone; it would come out in patches.
    const pale = unit(((paleness[index] as number) - skin.tone[1]) / (1 - skin.tone[1]));
    mask[index] = 255 * shown * pale;
  }
  return await resize({ data: mask, ...size, channels: 1 }, input);
}

/** How much a photo's colour is that of the skin, 0..1. */
function likeness(colour: Colour, skin: Colour): number {
  const [light, all] = [total(colour) + 1, total(skin)];
  const away = (colour[0] / light - skin[0] / all) ** 2 + (colour[1] / light - skin[1] / all) ** 2;
  const bright = light / all;
  return Math.exp(-away / (2 * SPREAD ** 2)) * unit((bright - 0.12) / 0.15) * unit((2.2 - bright) / 0.4);
}

/** Per pixel the brightness of the brightest in 3 x 3, relative to `full`: lines and pupils count as what is round them. */
function brightest(picture: RawImage, full: number): Float32Array {
  const { width, height } = picture;
  const found = new Float32Array(width * height);
  for (const index of found.keys()) {
    const [x, y] = [index % width, Math.floor(index / width)];
    let most = 0;
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        most = Math.max(most, total(colourAt(picture, v * width + u)));
      }
    }
    found[index] = most / full;
  }
  return found;
}

function colourAt({ data }: RawImage, index: number): Colour {
  return [data[3 * index] as number, data[3 * index + 1] as number, data[3 * index + 2] as number];
}

function total(colour: Colour): number {
  return colour[0] + colour[1] + colour[2];
}

function inFace(x: number, y: number): number {
  const distance = Math.hypot((x - FACE.x) / FACE.rx, (y - FACE.y) / FACE.ry);
  return unit((FACE.outside - distance) / (FACE.outside - FACE.inside));
}

function nowhere(): number {
  return 0;
}

function luma(colour: Colour): number {
  return colour[0] * LUMA[0] + colour[1] * LUMA[1] + colour[2] * LUMA[2];
}

function unit(value: number): number {
  return Math.max(0, Math.min(1, value));
}
