/** `POST /upload`: one photo in, its cartoon back in the same answer. The whole API for people with curl. */
import { parseAccept } from 'hono/utils/accept';
import type { PhotoFormat } from '../../inference/types.ts';
import type { Outcome } from '../../queue/types.ts';
import type { JobService } from '../jobs/job-service.ts';
import { pictureForOne } from '../jobs/picture.ts';
import type { Download } from '../middleware/downloads.ts';
import type { WebContext } from '../types.ts';
import { nameJob, type PhotoFormReader } from './photo-form.ts';

/** What the client would rather have; PNG where it does not care. */
function acceptedFormat(context: WebContext): PhotoFormat {
  const accepted = parseAccept(context.req.header('accept') ?? '*/*');
  const weight = (type: string) =>
    [type, 'image/*', '*/*'].flatMap((range) => accepted.find((one) => one.type === range)?.q ?? [])[0] ?? 0;
  return weight('image/jpeg') > weight('image/png') ? 'jpeg' : 'png';
}

/** Waits for the job; a client that goes away cancels it. */
export function uploadRoute(
  jobs: JobService,
  readPhoto: PhotoFormReader,
  download: Download,
  /** Where cartoons lie while they are sent. */
  folder: string,
) {
  const submit = (context: WebContext): Promise<{ outcome: Promise<Outcome> }> =>
    readPhoto(context, acceptedFormat(context), (request, photo) =>
      jobs.submitAndWait(request, photo, context.req.raw.signal, (id) => nameJob(context, id)),
    );
  return async (context: WebContext): Promise<Response> => {
    const outcome = await (await submit(context)).outcome;
    if (!outcome.ok) throw outcome.error;
    const { image, format } = outcome.cartoon;
    return download(context, pictureForOne(image, folder), {
      'Content-Type': `image/${format}`,
      'Content-Disposition': `attachment; filename="cartoon_result.${format === 'jpeg' ? 'jpg' : format}"`,
      'Cache-Control': 'no-store',
      Vary: 'Accept',
    });
  };
}
