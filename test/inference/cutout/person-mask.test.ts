/** Cut-outs of people whose outline is known, by the real networks. */

import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { PersonMask } from '../../../src/inference/cutout/person-mask.ts';
import { findHeads, type Head } from '../../../src/inference/faces/align.ts';
import { Kernels } from '../../../src/inference/image/kernels.ts';
import { blank, type RawImage, render, resize } from '../../../src/inference/image/raw-image.ts';
import { readManifest } from '../../../src/inference/models/manifest.ts';
import { openSession } from '../../../src/inference/models/sessions.ts';
import { faceModels, MODELS_DIR } from '../../support/models.ts';
import { composedPeople, intersectionOverUnion, smallCrowd } from '../../support/people.ts';
import { rocket } from '../../support/photos.ts';

let personMask: PersonMask;
let headsOf: (picture: RawImage) => Promise<Head[]>;
beforeAll(async () => {
  const { personMask: file } = await readManifest(MODELS_DIR);
  personMask = new PersonMask(await openSession(MODELS_DIR, file), new Kernels());
  const { detector, mesh } = await faceModels();
  headsOf = async (picture) => [...(await findHeads(picture, picture, detector, mesh)).drawn];
});

describe('PersonMask', { timeout: 60_000 }, () => {
  it('cuts 20 composed pictures along the known outline: at least 0.95 in the mean, none under 0.9', async () => {
    const overlaps: Record<string, number> = {};
    for (const { name, picture, truth } of await composedPeople()) {
      const found = (await personMask.find(picture, await headsOf(picture))) ?? blank(picture, 1, 0);
      overlaps[name] = intersectionOverUnion(found, await resize(truth, found));
    }
    const values = Object.values(overlaps);
    expect(values).toHaveLength(20);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean, JSON.stringify(overlaps)).toBeGreaterThan(0.95);
    expect(Math.min(...values), JSON.stringify(overlaps)).toBeGreaterThan(0.9);
  });

  it('sees everybody of a crowd that is too small for one look', async () => {
    const { picture, truth } = await smallCrowd();
    const heads = await headsOf(picture);
    const found = (await personMask.find(picture, heads)) ?? blank(picture, 1, 0);
    expect(intersectionOverUnion(found, await resize(truth, found))).toBeGreaterThan(0.58);
    const blind = (await personMask.find(picture, [])) ?? blank(picture, 1, 0);
    expect(intersectionOverUnion(blind, await resize(truth, blind))).toBeLessThan(0.5);
  });

  it('sees nobody where nobody is', async () => {
    expect(await personMask.find(await render(sharp(await rocket())), [])).toBeUndefined();
  });
});
