/**
 * One photo from bytes to bytes, on one thread: ours, ours in FP32, DCT-Net in the same pipeline and at the size it draws
 * at itself, and the floor: decode and encode only. Each network in a process of its own, as in the service.
 */
import { decode } from '../src/inference/image/decode.ts';
import { encode } from '../src/inference/image/encode.ts';
import { PROFILES } from '../src/inference/profile.ts';
import { baseline, draw, pipelineWith } from './baselines.ts';
import { interleaved } from './measure.ts';
import { photo } from './photos.ts';
import { type PipelineProcess, pipelineProcess } from './pipeline-process.ts';
import { fixed, type Section, times } from './section.ts';

/** DCT-Net's own pipeline draws whole pictures with their short side at 720. */
const DCT_NET = { ...PROFILES.full, drawingSide: 720 };
const OURS = 'ours, INT8';
const PHOTOS = [
  [512, 512],
  [1024, 1024],
  [1280, 960],
  [2048, 2048],
  [4000, 3000],
] as const;

export const endToEnd: Section = {
  name: 'end-to-end',
  async measure({ runs, smoke }) {
    const ours = await pipelineWith(undefined);
    const small = await pipelineWith(undefined, PROFILES.small);
    const copy = async (file: Buffer) => await encode(await decode(file, PROFILES.full), 'jpeg');

    const sizes = [];
    const shapes = smoke ? ([[64, 48]] as const) : PHOTOS;
    const reference = await photo(1024, 1024, 1);
    for (const [width, height] of shapes) {
      for (const faces of [0, 1, 5] as const) {
        const file = await photo(width, height, faces);
        const ms = await interleaved(
          {
            ours: () => draw(ours, file),
            small: () => draw(small, file),
            copy: () => copy(file),
            reference: () => draw(ours, reference),
          },
          runs,
        );
        sizes.push({
          photo: `${width} x ${height}`,
          faces: (await draw(ours, file)).faces,
          'floor ms': fixed(ms['copy'] ?? Number.NaN),
          'ours ms': fixed(ms['ours'] ?? Number.NaN),
          'small tier ms': fixed(ms['small'] ?? Number.NaN),
          'ours / 1024 with one face': times(ms['ours'], ms['reference']),
        });
      }
    }

    const file = await photo(smoke ? 64 : 1280, smoke ? 48 : 960, 1);
    const candidates: Record<string, () => Promise<unknown>> = {};
    const processes: PipelineProcess[] = [];
    const add = async (name: string, network: string | undefined, profile = PROFILES.full) => {
      const started = await pipelineProcess(network, profile, file);
      processes.push(started);
      candidates[name] = started.draw;
    };
    await add(OURS, undefined);
    const [float, teacher] = [baseline('float'), baseline('teacher')];
    if (float) await add('ours, FP32', float);
    if (teacher) {
      await add('DCT-Net FP32, in our pipeline (drawn at 448)', teacher);
      await add('DCT-Net FP32, at its own size (drawn at 720)', teacher, DCT_NET);
    }
    candidates['floor: decode and encode'] = () => copy(file);
    const ms = await interleaved(candidates, runs);
    for (const { stop } of processes) stop();
    const against = Object.entries(ms).map(([pipeline, value]) => ({
      '1280 x 960, one face': pipeline,
      ms: fixed(value),
      'against ours': times(value, ms[OURS]),
    }));
    return [against, sizes];
  },
};
