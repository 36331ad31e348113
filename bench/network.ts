/** One style network at several sizes, one thread: INT8 against its own FP32, against DCT-Net, and against the core's peak. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readManifest } from '../src/inference/models/manifest.ts';
import { baseline, MODELS_DIR } from './baselines.ts';
import { interleaved } from './measure.ts';
import { fixed, type Section, times } from './section.ts';

const OPTIONS: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  enableMemPattern: false,
};
/** Multiply-accumulates of `peak`: 3 x 3, 512 to 512 channels, 32 x 32 (training/dctoon_training/stages/baselines.py). */
const PEAK_MACS = 9 * 512 ** 2 * 32 ** 2;

type Run = () => Promise<unknown>;

export const network: Section = {
  name: 'network',
  async measure({ runs, smoke }) {
    const sessions: [string, InferenceSession][] = [
      ['int8', await InferenceSession.create(`${MODELS_DIR}3d.onnx`, OPTIONS)],
    ];
    for (const name of ['float', 'teacher'] as const) {
      const path = baseline(name);
      if (path) sessions.push([name, await InferenceSession.create(path, OPTIONS)]);
    }
    const rows = [];
    for (const size of smoke ? [64] : [288, 512, 1024]) {
      const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 2654435761) >>> 24);
      const feeds = { photo: new Tensor('uint8', pixels, [1, size, size, 3]) };
      const candidates = sessions.map(([name, session]): [string, Run] => [name, () => session.run(feeds)]);
      const ms = await interleaved(Object.fromEntries(candidates), runs);
      rows.push({
        size,
        'INT8 ms': fixed(ms['int8'] ?? Number.NaN),
        'own FP32 ms': fixed(ms['float'] ?? Number.NaN),
        'DCT-Net FP32 ms': fixed(ms['teacher'] ?? Number.NaN),
        'own FP32 / INT8': times(ms['float'], ms['int8']),
        'DCT-Net / INT8': times(ms['teacher'], ms['int8']),
      });
    }
    const path = baseline('peak');
    return path ? [rows, [await utilisation(sessions[0]?.[1] as InferenceSession, path, runs)]] : [rows];
  },
};

/** How much of what one core gives at most the network gets, at 512 x 512. */
async function utilisation(int8: InferenceSession, path: string, runs: number) {
  const peak = await InferenceSession.create(path, OPTIONS);
  const picture = new Tensor('uint8', new Uint8Array(512 * 512 * 3).fill(99), [1, 512, 512, 3]);
  const block = new Tensor('uint8', new Uint8Array(512 * 32 * 32).fill(99), [1, 512, 32, 32]);
  const ms = await interleaved(
    { network: () => int8.run({ photo: picture }), peak: () => peak.run({ photo: block }) },
    runs,
  );
  const { styles } = await readManifest(MODELS_DIR);
  const gmac = Number(styles.find(({ id }) => id === '3d')?.quality['gmac_512']);
  const ours = (1000 * gmac) / (ms['network'] ?? Number.NaN);
  const most = PEAK_MACS / (ms['peak'] ?? Number.NaN) / 1e6;
  return {
    'GMAC at 512 x 512': gmac,
    'GMAC/s': fixed(ours, 0),
    'GMAC/s of the largest convolution': fixed(most, 0),
    share: `${((100 * ours) / most).toFixed(0)} %`,
  };
}
