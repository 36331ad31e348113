import type { Cartoon } from '../../src/inference/types.ts';
import type { JobRequest } from '../../src/queue/types.ts';

export function cartoonOf(bytes: Uint8Array): Cartoon {
  const timings = { decode: 1, faces: 1, style: 1, blend: 1, encode: 1, total: 5 };
  return { image: bytes, format: 'jpeg', width: 8, height: 8, faces: 1, timings };
}

/** A job of the user that its id begins with: `a0` and `a1` belong to one user, `b0` to another. */
export function newJob(id: string, fields: Partial<JobRequest> = {}): JobRequest {
  const user = `tg-${id.replace(/\d+$/, '')}`;
  return {
    id,
    user: user,
    platform: 'telegram',
    style: '3d',
    format: 'jpeg',
    locale: 'en',
    reply: { chat: id },
    ...fields,
  };
}
