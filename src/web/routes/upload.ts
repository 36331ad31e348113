/** `POST /upload`: one photo in, its cartoon back in the same answer. The whole API for people with curl. */
import type { JobService } from '../jobs/job-service.ts';
import type { WebContext } from '../types.ts';
import { nameJob, type PhotoFormReader } from './photo-form.ts';

/** Waits for the job; a client that goes away cancels it. The answer is always PNG. */
export function uploadRoute(desk: JobService, intake: PhotoFormReader) {
  return async (context: WebContext): Promise<Response> => {
    const { photo, order } = await intake(context);
    const { signal } = context.req.raw;
    const outcome = await desk.submitAndWait({ ...order, format: 'png' }, photo, signal, (id) =>
      nameJob(context, id),
    );
    if (!outcome.ok) throw outcome.error;
    return context.body(new Uint8Array(outcome.cartoon.image), 200, {
      'Content-Type': 'image/png',
      'Content-Disposition': 'attachment; filename="cartoon_result.png"',
      'Cache-Control': 'no-store',
    });
  };
}
