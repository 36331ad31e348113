/** The child's half of `pipeline-process.ts`: the first message is the photo, every other one asks for its cartoon. */
import type { Profile } from '../src/inference/profile.ts';
import { draw, pipelineWith } from './baselines.ts';

const { network, profile } = JSON.parse(process.argv[2] ?? '{}') as { network?: string; profile: Profile };
const pipeline = await pipelineWith(network, profile);
let photo: Uint8Array | undefined;

process.on('message', async (message: Uint8Array | 'draw') => {
  if (message !== 'draw') photo = message;
  else if (photo) await draw(pipeline, photo);
  process.send?.('done');
});
process.send?.('ready');
