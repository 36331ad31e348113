/**
 * A pipeline in a process of its own, with the flags of the service's inference children: what another network leaves in
 * memory must not slow it down (beside DCT-Net's buffers, finding the landmarks took three times as long).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Profile } from '../src/inference/profile.ts';
import { ALLOCATOR, YOUNG_GENERATION } from '../src/inference/workers/process-transport.ts';

/** Draws one photo, again and again. */
export interface PipelineProcess {
  readonly draw: () => Promise<void>;
  readonly stop: () => void;
}

/** @param network in the place of the style `3d`; undefined: ours */
export async function pipelineProcess(
  network: string | undefined,
  profile: Profile,
  photo: Uint8Array,
): Promise<PipelineProcess> {
  const child = fork(
    fileURLToPath(new URL('./pipeline-child.ts', import.meta.url)),
    [JSON.stringify({ network, profile })],
    {
      serialization: 'advanced',
      execArgv: ['--import', 'tsx', YOUNG_GENERATION],
      env: { ...process.env, ...ALLOCATOR },
    },
  );
  const broken = once(child, 'exit').then(() => Promise.reject(new Error('a pipeline process ended')));
  broken.catch(() => {}); // only of interest to who waits for an answer
  const answer = async () => {
    await Promise.race([once(child, 'message'), broken]);
  };
  const ask = async (message: Uint8Array | 'draw') => {
    child.send(message);
    await answer();
  };
  await answer();
  await ask(photo);
  return { draw: () => ask('draw'), stop: () => child.kill() };
}
