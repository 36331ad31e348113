/** The one place where queue and inference meet: a job in, the engine's cartoon out. */
import type { CartoonEngine } from '../inference/types.ts';
import type { Processor } from './types.ts';

export function cartoonProcessor(engine: CartoonEngine): Processor {
  return ({ job, photo, signal, report }) =>
    engine.cartoonize(photo, {
      style: job.style,
      format: job.format,
      ...(job.as !== undefined && { as: job.as }),
      ...(job.strength !== undefined && { strength: job.strength }),
      ...(job.maxBytes !== undefined && { maxBytes: job.maxBytes }),
      signal,
      onProgress: report,
      job: job.id,
    });
}
