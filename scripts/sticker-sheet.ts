/** Draws `docs/images/stickers.webp`: twelve stickers of people in the public domain (`test/fixtures/people`). `npx tsx scripts/sticker-sheet.ts` */
import sharp from 'sharp';
import { Cartoonizer } from '../src/inference/cartoonizer.ts';
import { MODELS_DIR } from '../test/support/models.ts';
import { type Person, person } from '../test/support/people.ts';

const STICKERS: readonly (readonly [Person, string])[] = [
  ['astronaut', '3d'],
  ['grace-hopper', 'anime'],
  ['barack-obama', 'handdrawn'],
  ['joe-biden', '3d'],
  ['barack-obama-standing', 'artstyle'],
  ['astronaut', 'design'],
  ['grace-hopper', 'illustration'],
  ['barack-obama', 'anime'],
  ['joe-biden', 'sketch'],
  ['barack-obama-standing', '3d'],
  ['astronaut', 'anime'],
  ['barack-obama', 'sketch'],
];
const COLUMNS = 6;
/** Pixels of a place, and of the sticker in it. */
const [PLACE, SIDE] = [200, 188];

const cartoonizer = await Cartoonizer.create({ modelsDir: MODELS_DIR });
const layers = await Promise.all(
  STICKERS.map(async ([name, style], i) => {
    const { image } = await cartoonizer.cartoonize(await person(name), { style, as: 'sticker' });
    const { data, info } = await sharp(image)
      .resize(SIDE, SIDE, { fit: 'inside' })
      .png()
      .toBuffer({ resolveWithObject: true });
    const left = (i % COLUMNS) * PLACE + Math.round((PLACE - info.width) / 2);
    // They stand on the lower edge of their row.
    const top = Math.floor(i / COLUMNS) * PLACE + PLACE - 6 - info.height;
    return { input: data, left, top };
  }),
);
await cartoonizer.close();
const size = { width: COLUMNS * PLACE, height: Math.ceil(STICKERS.length / COLUMNS) * PLACE };
await sharp({ create: { ...size, channels: 4, background: { r: 122, g: 150, b: 178, alpha: 1 } } })
  .composite(layers)
  .webp({ quality: 85 })
  .toFile('docs/images/stickers.webp');
