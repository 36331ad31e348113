/** `POST /upload`: one photo in, its cartoon back in the same answer. The whole API for people with curl. */
import type { Outcome } from '../../queue/types.ts';
import type { JobService } from '../jobs/job-service.ts';
import { pictureForOne } from '../jobs/picture.ts';
import type { Download } from '../middleware/downloads.ts';
import type { WebContext } from '../types.ts';
import { nameJob, type PhotoFormReader } from './photo-form.ts';

/** Waits for the job; a client that goes away cancels it. The answer is always PNG. */
export function uploadRoute(
  jobs: JobService,
  readPhoto: PhotoFormReader,
  download: Download,
  /** Where cartoons lie while they are sent. */
  folder: string,
) {
  const submit = (context: WebContext): Promise<{ outcome: Promise<Outcome> }> =>
    readPhoto(context, (request, photo) =>
      jobs.submitAndWait({ ...request, format: 'png' }, photo, context.req.raw.signal, (id) =>
        nameJob(context, id),
      ),
    );
  return async (context: WebContext): Promise<Response> => {
    const outcome = await (await submit(context)).outcome;
    if (!outcome.ok) throw outcome.error;
    return download(context, pictureForOne(outcome.cartoon.image, folder), {
      'Content-Type': 'image/png',
      'Content-Disposition': 'attachment; filename="cartoon_result.png"',
      'Cache-Control': 'no-store',
    });
  };
}
