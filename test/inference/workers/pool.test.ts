/** What the pool promises and `Cartoonizer` gives no option for. */
import { expect, it } from 'vitest';
import { PROFILES } from '../../../src/inference/profile.ts';
import type { Stage } from '../../../src/inference/types.ts';
import { Pool } from '../../../src/inference/workers/pool.ts';
import { MODELS_DIR } from '../../support/models.ts';
import { astronaut } from '../../support/photos.ts';

it('a photo whose decoding does not end is broken, at once: its child is ended, and the next photo drawn', async () => {
  const pool = await Pool.start({
    ...PROFILES.full,
    modelsDir: MODELS_DIR,
    concurrency: 1,
    timeoutMs: 60_000,
    decodeMs: 2000,
  });
  try {
    const request = { photo: await astronaut(), style: '3d', format: 'jpeg' } as const;
    const hang = (stage: Stage) => {
      const pid = pool.stats().children[0]?.pid;
      if (stage === 'decode' && pid) process.kill(pid, 'SIGSTOP');
    };
    await expect(pool.run(request, { onStage: hang })).rejects.toMatchObject({
      code: 'broken_image',
      fault: 'user',
    });
    expect(pool.stats().restarts).toBe(1);
    expect((await pool.run(request, {})).faces).toBe(1);
  } finally {
    await pool.close();
  }
}, 60_000);
