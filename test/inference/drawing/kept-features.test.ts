/** Nobody is rubbed out: a face that is not drawn, or too small for its style, keeps its features under the style's colours. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { compose } from '../../../src/inference/drawing/blend.ts';
import { keepFeatures, keptShare } from '../../../src/inference/drawing/kept-features.ts';
import { findHeads } from '../../../src/inference/faces/align.ts';
import { open, type RawImage, render } from '../../../src/inference/image/raw-image.ts';
import { Pipeline } from '../../../src/inference/pipeline.ts';
import { PROFILES } from '../../../src/inference/profile.ts';
import { blendParts, faceModels, MODELS_DIR } from '../../support/models.ts';
import { astronaut, row } from '../../support/photos.ts';

/** The left eye of the astronaut, in the photo of 512 pixels, and her cheek beside it. */
const EYE = { left: 192, top: 94, width: 24, height: 16 };
const CHEEK = { left: 190, top: 118, width: 14, height: 10 };

const HOOKS = { onStage: () => {}, isCancelled: () => false };

async function spread(picture: RawImage, box: typeof EYE): Promise<number> {
  const { channels } = await sharp(await open(picture).extract(box).png().toBuffer()).stats();
  return Math.max(...channels.map(({ stdev }) => stdev));
}

async function colour(picture: RawImage, box: typeof EYE): Promise<number[]> {
  const { channels } = await sharp(await open(picture).extract(box).png().toBuffer()).stats();
  return channels.map(({ mean }) => mean);
}

async function picture(photo: Buffer): Promise<RawImage> {
  return await render(sharp(photo).removeAlpha());
}

describe('a face that is not drawn', () => {
  it('stays in a style that leaves nothing of it, and takes the style’s colour', async () => {
    const photo = await picture(await astronaut());
    const { detector, mesh, warper } = await faceModels();
    const { detailTransfer, mask } = await blendParts();
    const { drawn } = await findHeads(photo, photo, detector, mesh);
    const before = await spread(photo, EYE);
    const green = await render(
      sharp({ create: { width: 512, height: 512, channels: 3, background: '#3c3' } }),
    );
    const background = { input: photo, cartoon: green };
    const kept = [
      await keepFeatures(photo, drawn[0] as (typeof drawn)[0], background, warper, detailTransfer),
    ];
    const copy = (of: RawImage) => ({ ...of, data: Uint8Array.from(of.data) });
    const result = await compose(
      copy(photo),
      { ...background, cartoon: copy(green) },
      [],
      [],
      mask,
      detailTransfer,
      kept,
    );
    expect(await spread(result, EYE)).toBeGreaterThan(0.6 * before);
    const [red = 0, lime = 0, blue = 0] = await colour(result, CHEEK);
    expect(lime).toBeGreaterThan(red + 60);
    expect(lime).toBeGreaterThan(blue + 60);
    // Beside the head nothing was done.
    expect(await colour(result, { left: 0, top: 0, width: 40, height: 40 })).toEqual([0x33, 0xcc, 0x33]);
  });
});

describe('a head that is drawn', () => {
  it('is the network’s as long as it is large and the mesh has seen it', () => {
    expect(keptShare(0.4, true)).toBe(0);
    expect(keptShare(1, true)).toBe(0);
    expect(keptShare(2, true)).toBeGreaterThan(0);
    expect(keptShare(5, true)).toBe(1);
    expect(keptShare(0.4, false)).toBeGreaterThan(0);
  });

  it.each(['3d', 'anime', 'design', 'sketch'])('has eyes in %s, however small it is', async (style) => {
    const pipeline = await Pipeline.load({ modelsDir: MODELS_DIR, ...PROFILES.full });
    // Her face is 40 pixels high.
    const small = await sharp(await astronaut())
      .resize(160)
      .png()
      .toBuffer();
    const { image, faces } = await pipeline.run({ photo: small, style, format: 'png' }, HOOKS);
    expect(faces).toBe(1);
    const eye = { left: 60, top: 29, width: 8, height: 6 };
    const before = await spread(await picture(small), eye);
    const drawn = await render(sharp(image).removeAlpha().toColourspace('srgb'));
    expect(await spread(drawn, eye)).toBeGreaterThan(0.5 * before);
  });
});

describe('the bounds of a photo with many heads', () => {
  it.each([
    ['memory', { most: 2, untilMs: 60_000 }, 2],
    ['time', { most: 100, untilMs: 0 }, 0],
  ] as const)('%s: those that come too late are kept, not rubbed out', async (_, heads, drawn) => {
    const pipeline = await Pipeline.load({ modelsDir: MODELS_DIR, ...PROFILES.full, heads });
    const photo = await row(4);
    const { image, faces } = await pipeline.run({ photo, style: 'design', format: 'png' }, HOOKS);
    expect(faces).toBe(drawn);
    const [before, after] = [await picture(photo), await render(sharp(image).removeAlpha())];
    const last = { ...EYE, left: EYE.left + 2 * 512 };
    expect(await spread(after, last)).toBeGreaterThan(0.6 * (await spread(before, last)));
  });
});
