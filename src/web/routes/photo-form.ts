/** What `/upload` and `/api/jobs` have in common: the rate limit, the form, the style. */

import type { Style } from '../../inference/types.ts';
import { DctoonError } from '../../shared/errors.ts';
import type { WebPhotoRequest } from '../jobs/job-service.ts';
import { photoFields, readPhotoForm } from '../middleware/body.ts';
import { ByteBudget, FixedWindow } from '../middleware/limits.ts';
import { HttpProblem } from '../middleware/problems.ts';
import type { WebContext, WebLimits } from '../types.ts';

export type PhotoFormReader = (
  context: WebContext,
) => Promise<{ photo: Uint8Array; request: WebPhotoRequest }>;

export interface PhotoFormOptions {
  readonly styles: readonly Style[];
  readonly defaultStyle: string;
  readonly photosPerMinute: number;
  readonly limits: WebLimits;
}

/** From here on the log lines of this request say which job it is about. */
export function nameJob(context: WebContext, job: string): void {
  context.set('log', context.get('log').child({ job }));
}

export function createPhotoForm({
  styles,
  defaultStyle,
  photosPerMinute,
  limits,
}: PhotoFormOptions): PhotoFormReader {
  const photos = new FixedWindow(photosPerMinute, 60_000);
  const budget = new ByteBudget(limits.bodyBudgetBytes, limits.bodyBudgetBytesPerClient);
  return async (context) => {
    const user = context.get('user');
    const seconds = photos.hit(user);
    if (seconds > 0) throw new DctoonError('rate_limited', 'photos per minute', { details: { seconds } });
    const { photo, fields } = await readPhotoForm(context.req.raw, limits, budget, user);
    const { data } = photoFields.safeParse(fields);
    if (!data) throw new HttpProblem('bad_form');
    const style = data.style ?? defaultStyle;
    if (!styles.some(({ id }) => id === style)) throw new DctoonError('unknown_style');
    return {
      photo,
      request: {
        user,
        style,
        strength: data.strength,
        format: data.format ?? 'jpeg',
        locale: context.get('texts').locale,
      },
    };
  };
}
