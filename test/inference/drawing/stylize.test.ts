import type { InferenceSession } from 'onnxruntime-node';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawingSize, stylize } from '../../../src/inference/drawing/stylize.ts';
import { open, type RawImage, render } from '../../../src/inference/image/raw-image.ts';
import { readManifest, type StyleModel } from '../../../src/inference/models/manifest.ts';
import { openSession, StyleSessions } from '../../../src/inference/models/sessions.ts';
import { MODELS_DIR } from '../../support/models.ts';
import { astronaut, drawn, meanDifference } from '../../support/photos.ts';

let session: InferenceSession;
const picture = async (pipeline: ReturnType<typeof drawn>): Promise<RawImage> =>
  await render(pipeline.removeAlpha());

beforeAll(async () => {
  const manifest = await readManifest(MODELS_DIR);
  session = await openSession(MODELS_DIR, manifest.styles[0] as StyleModel);
});

describe('drawingSize', () => {
  it.each([
    [512, 512, 512, 512],
    [1280, 960, 683, 512],
    [3024, 4032, 512, 683],
    [300, 5000, 205, 3413],
    [4096, 1024, 1672, 418],
    [30000, 1, 30000, 1],
    [1, 1, 1, 1],
  ])('%i x %i is drawn at %i x %i', (width, height, drawnWidth, drawnHeight) => {
    expect(drawingSize({ width, height }, 512)).toEqual({ width: drawnWidth, height: drawnHeight });
  });
});

describe('stylize', () => {
  it.each([
    [64, 48],
    [65, 41],
    [7, 3],
    [1, 1],
    [129, 8],
  ])('keeps a size of %i x %i', async (width, height) => {
    for (const margin of [0, 16]) {
      const result = await stylize(session, await picture(drawn(width, height)), margin);
      expect([result.width, result.height, result.data.length]).toEqual([width, height, width * height * 3]);
    }
  });

  it('draws: the result is not the photo, but still its scene', async () => {
    const photo = await picture(sharp(await astronaut()));
    const difference = await meanDifference(open(await stylize(session, photo, 16)), open(photo));
    expect(difference).toBeGreaterThan(3);
    expect(difference).toBeLessThan(40);
  });

  it('is not shifted by the margin', async () => {
    const photo = await picture(sharp(await astronaut()).resize(256));
    const [bare, framed] = [await stylize(session, photo, 0), await stylize(session, photo, 16)];
    const middle = { left: 100, top: 100, width: 56, height: 56 };
    expect(await meanDifference(open(bare).extract(middle), open(framed).extract(middle))).toBeLessThan(1);
  });

  it('is not confused by another size before', async () => {
    const photo = await picture(sharp(await astronaut()).resize(160));
    const first = await stylize(session, photo, 16);
    await stylize(session, await picture(drawn(200, 96)), 0);
    expect(await stylize(session, photo, 16)).toEqual(first);
  });
});

describe('StyleSessions', () => {
  it('keeps a session, and refuses a style that does not exist', async () => {
    const manifest = await readManifest(MODELS_DIR);
    const styles = new StyleSessions(MODELS_DIR, manifest, 2);
    expect(await styles.get('3d', 'head')).toBe(await styles.get('3d', 'head'));
    await expect(styles.get('toString', 'head')).rejects.toMatchObject({ code: 'unknown_style' });
  });

  it('opens the network for whole pictures where a style has one, else its only one for both', async () => {
    const manifest = await readManifest(MODELS_DIR);
    const [first, second] = manifest.styles as [StyleModel, StyleModel];
    const { scene: _, ...single } = first;
    const { id, title, titles, description, quality, ...network } = second;
    const both = {
      ...manifest,
      styles: [
        { ...single, id: 'one' },
        { ...single, id: 'two', scene: network },
      ],
    };
    const styles = new StyleSessions(MODELS_DIR, both as typeof manifest, 2);
    expect(await styles.get('one', 'scene')).toBe(await styles.get('one', 'head'));
    const heads = await styles.get('two', 'head');
    const scenes = await styles.get('two', 'scene');
    expect(scenes).not.toBe(heads);
    expect(await styles.get('two', 'head')).toBe(heads);
    const photo = await picture(sharp(await astronaut()).resize(64, 64));
    expect((await stylize(scenes, photo, 0)).data).not.toEqual((await stylize(heads, photo, 0)).data);
  });

  it('releases the style that was not used for longest', async () => {
    const manifest = await readManifest(MODELS_DIR);
    const { scene: _, ...style } = manifest.styles[0] as StyleModel;
    const three = {
      ...manifest,
      styles: ['a', 'b', 'c'].map((id) => ({ ...style, id })) as typeof manifest.styles,
    };
    const styles = new StyleSessions(MODELS_DIR, three, 2);
    const [a, b] = [await styles.get('a', 'head'), await styles.get('b', 'head')];
    await styles.get('a', 'head');
    await styles.get('c', 'head');
    expect(await styles.get('a', 'head')).toBe(a);
    expect(await styles.get('b', 'head')).not.toBe(b);
  });
});
