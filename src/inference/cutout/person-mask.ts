/**
 * Where people are in a photo: MediaPipe's selfie segmentation looks at the whole photo, then closer at whom it has seen and
 * at every head it has not, and what it says takes over the photo's edges.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { HEAD_SIDE, type Head } from '../faces/align.ts';
import { apply, invert, scaleOf } from '../faces/similarity.ts';
import type { Kernels } from '../image/kernels.ts';
import {
  type Box,
  blank,
  clip,
  open,
  type RawImage,
  render,
  resize,
  resizedPart,
  type Size,
} from '../image/raw-image.ts';
import { runNetwork } from '../models/run-network.ts';
import { guidedFilter } from './guided-filter.ts';
import { keepPeople, lay } from './mask-parts.ts';

/** The network's picture; every picture is squeezed into it, as MediaPipe does. */
const INPUT = { width: 256, height: 256 } as const;
/** Longest side of the alpha mask: a sticker has 512 pixels. */
const MASK_SIDE = 768;
/** Longest side of what the network's looks are put together in: they are no finer. */
const ROUGH_SIDE = 384;
/** The refinement: a strand of hair and its surroundings. Past the range's ends a haze round the edge begins. */
const FILTER = { radius: 8, epsilon: 1e-3, range: [0.2, 0.8] } as const;
/** What the network says between these is drawn apart to 0 and 1, before its edge is refined. */
const DECIDED = [0.4, 0.7] as const;
/** Share of the picture under which nobody is there. */
const NOBODY = 0.004;
/** People who take more of the photo than this are not looked at again. */
const LARGE = 0.7;
/** What is looked at again has so much around it, of its own size. */
const ROOM = 0.15;
/** The part of a photo that belongs to a head, in sides of its crop from the crop's middle. */
const BODY = { aside: 1.1, above: 0.9, below: 1.9 } as const;
/** Heads that are looked at closely, largest first: each costs about as much as a photo's first look. */
const CLOSE_LOOKS = 24;
/** Where the largest head's crop has less than this share of the photo's shorter side, it is a crowd. */
const SMALL = 0.12;
/** A head that is so much inside the mask was seen well enough, 0..255. */
const SEEN = 160;

export class PersonMask {
  readonly #session: InferenceSession;
  readonly #kernels: Kernels;

  /** `session`: image uint8 [1, 256, 256, 3] RGB -> mask float [1, 256, 256], 0..1. */
  constructor(session: InferenceSession, kernels: Kernels) {
    this.#session = session;
    this.#kernels = kernels;
  }

  /**
   * The alpha mask of all people in a photo, of its proportions and at most 768 pixels long; undefined where there is nobody.
   * @param heads in pixels of the photo
   */
  async find(photo: RawImage, heads: readonly Head[]): Promise<RawImage | undefined> {
    const rough = await resize(photo, within(photo, ROUGH_SIDE));
    const mask = await this.#people(rough, heads, rough.width / photo.width);
    if (!mask) return undefined;
    const picture = await resize(photo, within(photo, MASK_SIDE));
    return guidedFilter(await decided(await resize(mask, picture)), picture, this.#kernels, FILTER);
  }

  /** All looks put together, as large as `picture`, which is `scale` times as large as the photo. */
  async #people(picture: RawImage, heads: readonly Head[], scale: number): Promise<RawImage | undefined> {
    const largest = heads[0] && placeOf(heads[0], scale).side / Math.min(picture.width, picture.height);
    // In a whole photo of small people the network sees patterns; it has to be shown one after the other.
    if (largest !== undefined && largest < SMALL) return await this.#crowd(picture, heads, scale);
    const mask = await resize(await this.#look(picture), picture);
    for (const { box } of keepPeople(mask).slice(0, CLOSE_LOOKS)) {
      const room = clip(around(box, ROOM), picture);
      if (room && room.width * room.height < LARGE * picture.width * picture.height)
        lay(await this.#part(picture, room), mask, room, 'instead');
    }
    await this.#lookAtHeads(picture, heads, scale, mask);
    const [person] = keepPeople(mask);
    return person && person.weight >= NOBODY * mask.data.length ? mask : undefined;
  }

  async #crowd(picture: RawImage, heads: readonly Head[], scale: number): Promise<RawImage | undefined> {
    const mask = blank(picture, 1, 0);
    await this.#lookAtHeads(picture, heads, scale, mask);
    return keepPeople(mask).length > 0 ? mask : undefined;
  }

  /** Adds to a mask whom it does not show yet. */
  async #lookAtHeads(
    picture: RawImage,
    heads: readonly Head[],
    scale: number,
    mask: RawImage,
  ): Promise<void> {
    for (const head of heads.slice(0, CLOSE_LOOKS)) {
      const { middle, side } = placeOf(head, scale);
      const box = clip(bodyOf(middle, side), picture);
      if (box && valueAt(mask, middle) < SEEN) lay(await this.#part(picture, box), mask, box, 'besides');
    }
  }

  async #part(picture: RawImage, box: Box): Promise<RawImage> {
    return await resize(await this.#ask(await resizedPart(picture, box, INPUT)), box);
  }

  /** What the network sees in a picture, 256 x 256. */
  async #look(picture: RawImage): Promise<RawImage> {
    return await this.#ask(await resize(picture, INPUT));
  }

  async #ask(input: RawImage): Promise<RawImage> {
    const { mask } = await runNetwork<{ readonly mask: Float32Array }>(this.#session, { image: input });
    const seen = blank(input, 1, 0);
    for (let i = 0; i < mask.length; i++) seen.data[i] = Math.round(255 * (mask[i] as number));
    return seen;
  }
}

/** The size of a photo whose longer side is at most `side`. */
function within({ width, height }: Size, side: number): Size {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function around({ left, top, width, height }: Box, room: number): Box {
  const [x, y] = [Math.round(width * room), Math.round(height * room)];
  return { left: left - x, top: top - y, width: width + 2 * x, height: height + 2 * y };
}

interface Place {
  readonly middle: { readonly x: number; readonly y: number };
  /** Of the head's crop. */
  readonly side: number;
}

/** Where a head is in a picture that is `scale` times as large as the photo. */
function placeOf({ matrix }: Head, scale: number): Place {
  const { x, y } = apply(invert(matrix), { x: HEAD_SIDE / 2, y: HEAD_SIDE / 2 });
  return { middle: { x: x * scale, y: y * scale }, side: (HEAD_SIDE / scaleOf(matrix)) * scale };
}

function bodyOf({ x, y }: Place['middle'], side: number): Box {
  return {
    left: Math.round(x - BODY.aside * side),
    top: Math.round(y - BODY.above * side),
    width: Math.round(2 * BODY.aside * side),
    height: Math.round((BODY.above + BODY.below) * side),
  };
}

function valueAt({ data, width, height }: RawImage, { x, y }: Place['middle']): number {
  const column = Math.min(width - 1, Math.max(0, Math.round(x)));
  const row = Math.min(height - 1, Math.max(0, Math.round(y)));
  return data[row * width + column] as number;
}

/** Where the network is not sure, more is a smear than is a person. */
async function decided(mask: RawImage): Promise<RawImage> {
  const slope = 1 / (DECIDED[1] - DECIDED[0]);
  return await render(open(mask).linear(slope, -255 * DECIDED[0] * slope));
}
