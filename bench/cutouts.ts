/** How well people are cut out: 20 composed pictures whose outline is known, and what that costs beside drawing. */
import sharp from 'sharp';
import { guidedFilter } from '../src/inference/cutout/guided-filter.ts';
import { PersonMask } from '../src/inference/cutout/person-mask.ts';
import { findHeads } from '../src/inference/faces/align.ts';
import { Kernels } from '../src/inference/image/kernels.ts';
import { blank, resize } from '../src/inference/image/raw-image.ts';
import { readManifest } from '../src/inference/models/manifest.ts';
import { openSession } from '../src/inference/models/sessions.ts';
import { faceModels } from '../test/support/models.ts';
import { composedPeople, intersectionOverUnion } from '../test/support/people.ts';
import { MODELS_DIR } from './baselines.ts';
import { median } from './measure.ts';
import { fixed, type Section } from './section.ts';

export const cutouts: Section = {
  name: 'cutouts',
  async measure({ smoke }) {
    sharp.cache(false);
    sharp.concurrency(1);
    const kernels = new Kernels();
    const session = await openSession(MODELS_DIR, (await readManifest(MODELS_DIR)).personMask);
    const personMask = new PersonMask(session, kernels);
    const { detector, mesh } = await faceModels();
    const pictures = (await composedPeople()).slice(0, smoke ? 1 : undefined);
    const overlaps = new Map<string, number>();
    const spent: number[] = [];
    const filtered: number[] = [];
    for (const { name, picture, truth } of pictures) {
      const { drawn } = await findHeads(picture, picture, detector, mesh);
      const start = performance.now();
      const mask = (await personMask.find(picture, drawn)) ?? blank(picture, 1, 0);
      spent.push(performance.now() - start);
      overlaps.set(name, intersectionOverUnion(mask, await resize(truth, mask)));
      const guide = await resize(picture, mask);
      const before = performance.now();
      guidedFilter(mask, guide, kernels, { radius: 8, epsilon: 1e-3 });
      filtered.push(performance.now() - before);
    }
    const sorted = [...overlaps].sort(([, a], [, b]) => a - b);
    const [worst, least] = sorted[0] ?? ['', 0];
    const mean = sorted.reduce((sum, [, value]) => sum + value, 0) / sorted.length;
    return [
      [
        { figure: `intersection over union, mean of ${sorted.length}`, value: fixed(mean, 3) },
        { figure: `the lowest (${worst})`, value: fixed(least, 3) },
        { figure: 'ms for a mask, median', value: fixed(median(spent)) },
        { figure: 'ms of that for the refinement of its edge', value: fixed(median(filtered)) },
      ],
    ];
  },
};
