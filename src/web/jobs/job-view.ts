/** A job as the API shows it: where it stands, as data and as a sentence. */
import { notesOf } from '../../inference/notes.ts';
import type { Texts } from '../../texts/index.ts';
import { problemOf } from '../middleware/problems.ts';
import type { JobView } from '../schemas.ts';
import type { JobService } from './job-service.ts';

/** Undefined when the job is unknown, deleted, or its time is over. */
export function jobView(jobs: JobService, id: string, texts: Texts): JobView | undefined {
  const finished = jobs.result(id);
  if (finished) {
    const { outcome, expiresAt } = finished;
    if (!outcome.ok) {
      const { code } = outcome.error;
      return { id, state: 'failed', message: problemOf(outcome.error, texts).detail, error: { code } };
    }
    const { format, width, height, faces } = outcome.cartoon;
    const notes = notesOf(outcome.cartoon, texts);
    return {
      id,
      state: 'done',
      message: [faces === 0 ? texts.result.noFace : texts.result.faces({ count: faces }), ...notes].join(' '),
      result: {
        url: `/api/jobs/${id}/result`,
        format,
        width,
        height,
        bytes: outcome.picture.bytes,
        faces,
        notes,
        expiresAt: new Date(expiresAt).toISOString(),
      },
    };
  }
  const status = jobs.status(id);
  if (!status) return undefined;
  const etaSeconds = Math.max(0, Math.ceil(status.etaMs / 1000));
  if (status.state === 'queued') {
    const { ahead } = status;
    return {
      id,
      state: 'queued',
      ahead,
      etaSeconds,
      message: texts.web.queue({ ahead, seconds: etaSeconds }),
    };
  }
  // A job that is being answered is in its last stage as far as a client can tell.
  const stage = status.stage ?? (status.state === 'delivering' ? 'encode' : 'decode');
  const { faces } = status;
  const message = faces
    ? texts.status.face({ number: faces.done + 1, total: faces.total })
    : texts.status.stages[stage];
  return { id, state: 'processing', stage, ...(faces && { faces }), etaSeconds, message };
}
