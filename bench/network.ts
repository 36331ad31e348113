/**
 * One style network, INT8 against its own FP32 form: same runtime, one thread, interleaved.
 *
 *   python -m dctoon_training float --style 3d       (writes training/runs/3d-float.onnx)
 *   npx tsx bench/network.ts [style] [runs]
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { interleaved, table } from './measure.ts';

const [style = '3d', runs = '30'] = process.argv.slice(2);
const options: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  enableMemPattern: false,
};
const int8 = await InferenceSession.create(`models/${style}.onnx`, options);
const fp32 = await InferenceSession.create(`training/runs/${style}-float.onnx`, options);

const rows = [];
for (const size of [288, 512, 720, 1024]) {
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 2654435761) >>> 24);
  const feeds = { photo: new Tensor('uint8', pixels, [1, size, size, 3]) };
  const ms = await interleaved({ int8: () => int8.run(feeds), fp32: () => fp32.run(feeds) }, Number(runs));
  const { int8: fast = Number.NaN, fp32: slow = Number.NaN } = ms;
  rows.push({
    size,
    'INT8 ms': fast.toFixed(1),
    'FP32 ms': slow.toFixed(1),
    'FP32 / INT8': (slow / fast).toFixed(2),
  });
}
console.log(table(rows));
