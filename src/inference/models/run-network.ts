/** One network, one photo at a time. */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { RawImage } from '../image/raw-image.ts';

/**
 * Runs a network that takes RGB pictures, and returns its outputs' samples by name.
 * @param pictures by the names of the network's inputs, each uint8 [1, height, width, 3]
 */
export async function runNetwork<Outputs extends Readonly<Record<string, Float32Array | Uint8Array>>>(
  session: InferenceSession,
  pictures: Readonly<Record<string, RawImage>>,
): Promise<Outputs> {
  const tensors = Object.entries(pictures).map(([name, { data, width, height }]) => [
    name,
    new Tensor('uint8', data, [1, height, width, 3]),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensor.data])) as Outputs;
}
