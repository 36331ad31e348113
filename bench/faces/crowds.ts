/** Pictures of people whose faces are known by construction: portraits, each turned and resized, before places. */
import sharp from 'sharp';
import { open, type RawImage, render } from '../../src/inference/image/raw-image.ts';

export interface Face {
  readonly x: number;
  readonly y: number;
  /** Forehead to chin, in pixels. */
  readonly size: number;
  /** Degrees, clockwise; undefined where nobody measured it. */
  readonly tilt?: number;
}

export interface Crowd {
  /** Sizes of the faces, in pixels. */
  readonly smallest: number;
  readonly largest: number;
  /** People in a picture. */
  readonly people: number;
  /** Degrees; without them everybody is tilted at random, 25 at most. */
  readonly tilts?: readonly number[];
  /** The part of each face that lies beyond the picture's left edge. */
  readonly cut: number;
}

const WIDTH = 1280;
const HEIGHT = 960;
const PICTURES = 30;
/** What of a portrait is shown round the face's middle, in sizes of the face. */
const AROUND = 0.9;

/** The same pictures in every run. */
export async function* crowds(
  portraits: readonly RawImage[],
  places: readonly string[],
  { smallest = 48, largest = 160, people = 12, tilts, cut = 0 }: Partial<Crowd>,
  decoded: (file: string) => Promise<RawImage>,
  faceOf: (portrait: RawImage) => Promise<Face | undefined>,
): AsyncGenerator<{ photo: RawImage; faces: Face[] }> {
  const random = generator(7);
  const columns = Math.max(1, Math.ceil(Math.sqrt((people * WIDTH) / HEIGHT)));
  const rows = Math.ceil(people / columns);
  for (let picture = 0; picture < PICTURES; picture++) {
    const place = await decoded(places[Math.floor(random() * places.length)] as string);
    const parts: { input: Buffer; left: number; top: number }[] = [];
    const faces: Face[] = [];
    for (let index = 0; index < people; index++) {
      const whole = portraits[Math.floor(random() * portraits.length)] as RawImage;
      const found = await faceOf(whole);
      const size = smallest + random() * (largest - smallest);
      const tilt = tilts ? (tilts[Math.floor(random() * tilts.length)] as number) : (random() - 0.5) * 50;
      if (!found) continue;
      const { portrait, face } = await closer(whole, found);
      const scale = size / face.size;
      const [width, height] = [Math.round(portrait.width * scale), Math.round(portrait.height * scale)];
      const scaled = await render(open(portrait).resize(width, height, { fit: 'fill' }));
      const input = await sharp(Buffer.from(scaled.data), { raw: { width, height, channels: 3 } })
        .ensureAlpha()
        .rotate(tilt, { background: { r: 0, g: 0, b: 0, alpha: 0 } })
        .png()
        .toBuffer();
      const { width: across = 0, height: down = 0 } = await sharp(input).metadata();
      // The face's place in the turned portrait: turned about the middle.
      const [dx, dy] = [face.x * scale - width / 2, face.y * scale - height / 2];
      const angle = (tilt * Math.PI) / 180;
      const at = {
        x: across / 2 + dx * Math.cos(angle) - dy * Math.sin(angle),
        y: down / 2 + dx * Math.sin(angle) + dy * Math.cos(angle),
      };
      const cell = {
        x: ((index % columns) + 0.5) * (WIDTH / columns),
        y: (Math.floor(index / columns) + 0.5) * (HEIGHT / rows),
      };
      const middle = cut > 0 ? { x: size * (0.5 - cut) * 0.75, y: cell.y } : cell;
      const [left, top] = [Math.round(middle.x - at.x), Math.round(middle.y - at.y)];
      const inside = await clipped(input, left, top);
      if (!inside) continue;
      parts.push(inside);
      faces.push({ x: left + at.x, y: top + at.y, size, tilt });
    }
    const background = sharp(Buffer.from(place.data), { raw: { ...place } }).resize(WIDTH, HEIGHT, {
      fit: 'cover',
    });
    const photo = await render(sharp(await background.composite(parts).png().toBuffer()).removeAlpha());
    yield { photo, faces };
  }
}

/** Nobody is to be covered by a neighbour's jacket. */
async function closer(portrait: RawImage, face: Face): Promise<{ portrait: RawImage; face: Face }> {
  const reach = Math.round(face.size * AROUND);
  const [left, top] = [Math.max(0, Math.round(face.x - reach)), Math.max(0, Math.round(face.y - reach))];
  const width = Math.min(portrait.width, Math.round(face.x + reach)) - left;
  const height = Math.min(portrait.height, Math.round(face.y + reach)) - top;
  const part = await render(open(portrait).extract({ left, top, width, height }));
  return { portrait: part, face: { ...face, x: face.x - left, y: face.y - top } };
}

/** The part of a picture that lies inside; libvips wants no negative places. */
async function clipped(input: Buffer, left: number, top: number) {
  const { width = 0, height = 0 } = await sharp(input).metadata();
  const box = {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    width: Math.min(width, WIDTH - left) - Math.max(0, -left),
    height: Math.min(height, HEIGHT - top) - Math.max(0, -top),
  };
  if (box.width < 1 || box.height < 1) return undefined;
  return {
    input: await sharp(input).extract(box).png().toBuffer(),
    left: Math.max(0, left),
    top: Math.max(0, top),
  };
}

/** Numbers from 0 to 1, always the same (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
