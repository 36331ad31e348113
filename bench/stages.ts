/** Where the time of one photo goes: 1280 x 960 with one face, one thread, medians. */
import sharp from 'sharp';
import { compose } from '../src/inference/drawing/blend.ts';
import { drawingSize, PICTURE_MARGIN, stylize } from '../src/inference/drawing/stylize.ts';
import { cropHead, findHeads, type Head } from '../src/inference/faces/align.ts';
import { decode } from '../src/inference/image/decode.ts';
import { encode } from '../src/inference/image/encode.ts';
import { resize } from '../src/inference/image/raw-image.ts';
import { readManifest, type StyleModel } from '../src/inference/models/manifest.ts';
import { StyleSessions } from '../src/inference/models/sessions.ts';
import { PROFILES } from '../src/inference/profile.ts';
import { blendParts, faceModels } from '../test/support/models.ts';
import { MODELS_DIR } from './baselines.ts';
import { median } from './measure.ts';
import { photo } from './photos.ts';
import { fixed, type Section } from './section.ts';

const { drawingSide } = PROFILES.full;
/** Stages whose time is spent in a network, for the most part. */
const NETWORKS = ['scene network', 'head network', 'find faces (detector)'];

export const stages: Section = {
  name: 'stages',
  async measure({ runs }) {
    sharp.cache(false);
    sharp.concurrency(1);
    const file = await photo(1280, 960, 1);
    const { detector, mesh, warper } = await faceModels();
    const { detailTransfer, mask } = await blendParts();
    const manifest = await readManifest(MODELS_DIR);
    const style = (manifest.styles[0] as StyleModel).id;
    const sessions = new StyleSessions(MODELS_DIR, manifest, 1);
    const networks = { head: await sessions.get(style, 'head'), scene: await sessions.get(style, 'scene') };
    const spent = new Map<string, number[]>();
    const timed = async <T>(stage: string, work: () => Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await work();
      spent.set(stage, [...(spent.get(stage) ?? []), performance.now() - start]);
      return result;
    };
    for (let run = -2; run < runs; run++) {
      if (run === 0) spent.clear();
      const full = await timed('decode', () => decode(file, PROFILES.full));
      const small = await timed('shrink', () => resize(full, drawingSize(full, drawingSide)));
      await timed('find faces (detector)', () => detector.find(full, small));
      const { drawn: heads } = await timed('detector and landmarks', () =>
        findHeads(full, small, detector, mesh),
      );
      const cartoon = await timed('scene network', () => stylize(networks.scene, small, PICTURE_MARGIN));
      const input = await timed('align', () => cropHead(full, heads[0] as Head, warper));
      const head = await timed('head network', () => stylize(networks.head, input, 0));
      const drawn = [{ input, cartoon: head }];
      const result = await timed('blend', () =>
        compose(full, { input: small, cartoon }, heads, drawn, mask, detailTransfer),
      );
      await timed('encode', () => encode(result, 'jpeg'));
    }
    const ms = new Map([...spent].map(([stage, each]) => [stage, median(each)]));
    // The detector runs once more inside of what finds the landmarks.
    const detect = ms.get('find faces (detector)') ?? 0;
    ms.set('landmarks', (ms.get('detector and landmarks') ?? 0) - detect);
    ms.delete('detector and landmarks');
    const total = [...ms.values()].reduce((sum, value) => sum + value, 0);
    const share = (value: number) => `${((100 * value) / total).toFixed(0)} %`;
    const inNetworks = NETWORKS.reduce((sum, stage) => sum + (ms.get(stage) ?? 0), 0);
    return [
      [
        ...[...ms].map(([stage, value]) => ({ stage, ms: fixed(value), share: share(value) })),
        { stage: '**all**', ms: fixed(total), share: '100 %' },
        { stage: 'of it in networks', ms: fixed(inNetworks), share: share(inNetworks) },
      ],
    ];
  },
};
