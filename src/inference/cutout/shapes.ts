/** What a cartoon is cut to: a sticker, an avatar, an emoji or a cut-out, from the drawn picture and its alpha mask. */
import sharp from 'sharp';
import { DctoonError } from '../../shared/errors.ts';
import { HEAD_SIDE, type Head } from '../faces/align.ts';
import { apply, invert, scaleOf } from '../faces/similarity.ts';
import { type Encoded, encode, fitting, ONE_QUALITY } from '../image/encode.ts';
import { type Box, clip, open, type RawImage, render, resize, type Size } from '../image/raw-image.ts';
import { transparent } from '../image/transparent.ts';
import { type PhotoFormat, SHAPE_FORMATS, type Shape } from '../types.ts';

/** Telegram: one side of a static sticker is exactly 512 pixels, the file at most 512 kB (core.telegram.org/stickers). */
const STICKER = { side: 512, outline: 7, bytes: 512_000 } as const;
/** Profile pictures are shown in a circle: the head takes a good half of the square. */
const AVATAR = { side: 1024, headShare: 0.8 } as const;
/** Discord: an emoji is at most 256 kB (discord.com/developers, "Emoji"), and shown at 128 pixels at most. */
const EMOJI = { side: 128, headShare: 0.95, bytes: 256_000 } as const;
/** An alpha from which a pixel belongs to a person, of 255. */
const PRESENT = 128;
/** Tried in turn where a file is over its bound. */
const QUALITIES = [90, 80, 65, 50] as const;

export interface Drawn {
  /** RGB, or grey where the style knows no colours. */
  readonly cartoon: RawImage;
  /** One channel, at any size; undefined where nobody is in the photo. */
  readonly mask: RawImage | undefined;
  /** Largest first, in pixels of the cartoon. */
  readonly heads: readonly Head[];
}

/**
 * @param shape anything but `photo`
 * @param format of an avatar; the others need transparency and have a format of their own
 * @param maxBytes of the file, as for `encode`
 * @throws DctoonError `no_person` where there is nobody to cut out
 */
export async function cut(
  shape: Exclude<Shape, 'photo'>,
  drawn: Drawn,
  format: PhotoFormat,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<Encoded & { readonly format: PhotoFormat }> {
  const encoded = await shaped(shape, drawn, format, maxBytes);
  return { ...encoded, format: SHAPE_FORMATS[shape] ?? format };
}

async function shaped(
  shape: Exclude<Shape, 'photo'>,
  drawn: Drawn,
  format: PhotoFormat,
  maxBytes: number,
): Promise<Encoded> {
  const { cartoon, mask, heads } = drawn;
  if (shape === 'avatar') return await avatar(cartoon, avatarBox(drawn), format, maxBytes);
  if (!mask) throw new DctoonError('no_person');
  if (shape === 'cutout') return await cutout(cartoon, mask, maxBytes);
  if (shape === 'sticker') return await sticker(cartoon, mask, Math.min(STICKER.bytes, maxBytes));
  const [head] = heads;
  const box = head ? squareOf(head, EMOJI.headShare) : bodyBox(mask, cartoon);
  return await emoji(cartoon, mask, box);
}

async function avatar(cartoon: RawImage, box: Box, format: PhotoFormat, maxBytes: number): Promise<Encoded> {
  const { side } = AVATAR;
  const square = await render(open(cartoon).extract(box).resize(side, side, { fit: 'fill' }));
  return await encode(square, format, maxBytes);
}

async function cutout(cartoon: RawImage, mask: RawImage, maxBytes: number): Promise<Encoded> {
  return await fitting(cartoon, maxBytes, ONE_QUALITY, async (size) => {
    const people = await transparent(await resize(cartoon, size), await resize(mask, size));
    return await people.png({ compressionLevel: 6 }).toBuffer();
  });
}

/** The people, as large as a sticker may be, with a white outline as die-cut stickers have. */
async function sticker(cartoon: RawImage, mask: RawImage, maxBytes: number): Promise<Encoded> {
  const { side, outline } = STICKER;
  const box = bodyBox(mask, cartoon);
  const scale = (side - 2 * outline) / Math.max(box.width, box.height);
  const size = {
    width: Math.max(1, Math.round(box.width * scale)),
    height: Math.max(1, Math.round(box.height * scale)),
  };
  const drawing = await render(open(cartoon).extract(box).resize(size.width, size.height, { fit: 'fill' }));
  const alpha = await framed(await partOf(mask, box, cartoon, size), outline);
  const picture = await render(open(drawing).extend({ ...around(outline), extendWith: 'copy' }));
  // Blurred by the outline's width, an edge is at 0.16 where the outline is to end.
  const wide = await render(
    open(alpha)
      .blur(outline)
      .linear(12, -0.1 * 12 * 255),
  );
  const paper = await (await transparent(white(alpha), wide)).png({ compressionLevel: 0 }).toBuffer();
  const person = await (await transparent(picture, alpha)).png({ compressionLevel: 0 }).toBuffer();
  const layers = await sharp(paper)
    .composite([{ input: person }])
    .png({ compressionLevel: 0 })
    .toBuffer();
  return await fitting(alpha, maxBytes, QUALITIES, ({ width, height }, quality) =>
    sharp(layers)
      .resize(width, height, { fit: 'fill' })
      .webp({ quality, alphaQuality: 90, effort: 4 })
      .toBuffer(),
  );
}

async function emoji(cartoon: RawImage, mask: RawImage, box: Box): Promise<Encoded> {
  const { side, bytes } = EMOJI;
  const inside = clip(box, cartoon) ?? { left: 0, top: 0, width: cartoon.width, height: cartoon.height };
  const whole = { width: side, height: side };
  // What the square reaches beyond the photo stays transparent.
  const scale = side / box.width;
  const size = {
    width: Math.max(1, Math.min(side, Math.round(inside.width * scale))),
    height: Math.max(1, Math.min(side, Math.round(inside.height * scale))),
  };
  const drawing = await render(
    open(cartoon).extract(inside).resize(size.width, size.height, { fit: 'fill' }),
  );
  const alpha = await partOf(mask, inside, cartoon, size);
  const left = Math.min(Math.max(0, Math.round((inside.left - box.left) * scale)), side - size.width);
  const top = Math.min(Math.max(0, Math.round((inside.top - box.top) * scale)), side - size.height);
  const person = await (await transparent(drawing, alpha)).png({ compressionLevel: 0 }).toBuffer();
  const empty = { create: { ...whole, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } } as const;
  const image = await sharp(empty)
    .composite([{ input: person, left, top }])
    .png({ compressionLevel: 9 })
    .toBuffer();
  // 128 x 128 pixels of four bytes are 64 kB before compression.
  if (image.length > bytes) throw new DctoonError('internal', `an emoji of ${image.length} bytes`);
  return { image, ...whole };
}

/** The square round the largest head, else round the upper part of the people, else in the middle; inside the picture. */
function avatarBox({ cartoon, mask, heads }: Drawn): Box {
  const [head] = heads;
  const most = Math.min(cartoon.width, cartoon.height);
  const wanted = head ? squareOf(head, AVATAR.headShare) : mask ? topOf(bodyBox(mask, cartoon)) : undefined;
  const side = Math.min(most, wanted?.width ?? most);
  const within = (start: number, length: number) => Math.min(Math.max(0, start), length - side);
  const middle = {
    x: wanted ? wanted.left + wanted.width / 2 : cartoon.width / 2,
    y: wanted ? wanted.top + wanted.height / 2 : cartoon.height / 2,
  };
  return {
    left: within(Math.round(middle.x - side / 2), cartoon.width),
    top: within(Math.round(middle.y - side / 2), cartoon.height),
    width: side,
    height: side,
  };
}

/** A square of which the head's crop takes a share; it may reach beyond the picture. */
function squareOf({ matrix }: Head, share: number): Box {
  const middle = apply(invert(matrix), { x: HEAD_SIDE / 2, y: HEAD_SIDE / 2 });
  const side = Math.max(2, Math.round(HEAD_SIDE / scaleOf(matrix) / share));
  return {
    left: Math.round(middle.x - side / 2),
    top: Math.round(middle.y - side / 2),
    width: side,
    height: side,
  };
}

function topOf({ left, top, width, height }: Box): Box {
  return { left, top, width, height: Math.min(width, height) };
}

/** What the people of a mask take, in pixels of a picture of `size`, with a little room. */
function bodyBox(mask: RawImage, size: Size): Box {
  let [left, top, right, bottom] = [mask.width, mask.height, 0, 0];
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      if ((mask.data[y * mask.width + x] as number) < PRESENT) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
  }
  const [sx, sy] = [size.width / mask.width, size.height / mask.height];
  const box = {
    left: Math.floor((left - 1) * sx),
    top: Math.floor((top - 1) * sy),
    width: Math.ceil((right - left + 3) * sx),
    height: Math.ceil((bottom - top + 3) * sy),
  };
  return clip(box, size) ?? { left: 0, top: 0, ...size };
}

/** The part of a mask that lies over `box` of a picture of `size`, at the size `out`. */
async function partOf(mask: RawImage, box: Box, size: Size, out: Size): Promise<RawImage> {
  const [sx, sy] = [mask.width / size.width, mask.height / size.height];
  const left = Math.min(Math.max(0, Math.round(box.left * sx)), mask.width - 1);
  const top = Math.min(Math.max(0, Math.round(box.top * sy)), mask.height - 1);
  const area = {
    left,
    top,
    width: Math.max(1, Math.min(mask.width - left, Math.round(box.width * sx))),
    height: Math.max(1, Math.min(mask.height - top, Math.round(box.height * sy))),
  };
  return await render(open(mask).extract(area).resize(out.width, out.height, { fit: 'fill' }));
}

const around = (pixels: number) => ({ top: pixels, bottom: pixels, left: pixels, right: pixels });

/** A mask with an empty frame, in which an outline has room; what the photo's edge cuts keeps its straight edge. */
async function framed(mask: RawImage, pixels: number): Promise<RawImage> {
  return await render(open(mask).extend({ ...around(pixels), background: { r: 0, g: 0, b: 0 } }));
}

const white = ({ width, height }: Size): RawImage => ({
  data: new Uint8Array(width * height * 3).fill(255),
  width,
  height,
  channels: 3,
});
