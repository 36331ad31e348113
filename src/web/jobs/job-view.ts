/** A job as the API shows it: where it stands, as data and as a sentence. */
import type { Texts } from '../../texts/index.ts';
import { problemOf } from '../middleware/problems.ts';
import type { JobView } from '../schemas.ts';
import type { Desk } from './job-service.ts';

/** Undefined when the job is unknown, deleted, or its time is over. */
export function jobView(desk: Desk, id: string, texts: Texts): JobView | undefined {
  const finished = desk.result(id);
  if (finished) {
    const { outcome, expiresAt } = finished;
    if (!outcome.ok) {
      const { code } = outcome.error;
      return { id, state: 'failed', message: problemOf(outcome.error, texts).title, error: { code } };
    }
    const { image, format, width, height, faces } = outcome.cartoon;
    return {
      id,
      state: 'done',
      message: faces === 0 ? texts.result.noFace : texts.result.faces({ count: faces }),
      result: {
        url: `/api/jobs/${id}/result`,
        format,
        width,
        height,
        bytes: image.length,
        faces,
        expiresAt: new Date(expiresAt).toISOString(),
      },
    };
  }
  const standing = desk.standing(id);
  if (!standing) return undefined;
  const etaSeconds = Math.max(0, Math.ceil(standing.etaMs / 1000));
  if (standing.state === 'waiting') {
    const { ahead } = standing;
    return {
      id,
      state: 'waiting',
      ahead,
      etaSeconds,
      message: texts.web.queue({ ahead, seconds: etaSeconds }),
    };
  }
  // A job that is being answered is in its last stage as far as a client can tell.
  const stage = standing.stage ?? (standing.state === 'answering' ? 'encode' : 'decode');
  return { id, state: 'running', stage, etaSeconds, message: texts.status.stages[stage] };
}
