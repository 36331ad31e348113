/** What `/upload` and `/api/jobs` have in common: the rate limit, the form, the style. */

import type { Style } from '../../inference/types.ts';
import { DctoonError } from '../../shared/errors.ts';
import type { StoredFile } from '../../storage/draft-file.ts';
import type { WebPhotoRequest } from '../jobs/job-service.ts';
import { photoFields, withPhotoForm } from '../middleware/body.ts';
import { ByteBudget, FixedWindow } from '../middleware/limits.ts';
import { HttpProblem } from '../middleware/problems.ts';
import type { WebContext, WebLimits } from '../types.ts';

/** Passes the photo of a request on; its file is gone afterwards. */
export type PhotoFormReader = <T>(
  context: WebContext,
  use: (request: WebPhotoRequest, photo: StoredFile) => Promise<T>,
) => Promise<T>;

export interface PhotoFormReaderOptions {
  readonly styles: readonly Style[];
  readonly defaultStyle: string;
  readonly photosPerMinute: number;
  readonly limits: WebLimits;
  /** Where photos lie while they arrive. */
  readonly folder: string;
}

/** From here on the log lines of this request say which job it is about. */
export function nameJob(context: WebContext, job: string): void {
  context.set('log', context.get('log').child({ job }));
}

export function createPhotoForm(options: PhotoFormReaderOptions): PhotoFormReader {
  const { styles, defaultStyle, photosPerMinute, limits, folder } = options;
  const photos = new FixedWindow(photosPerMinute, 60_000);
  const budget = new ByteBudget(limits.bodyBudgetBytes, limits.bodyBudgetBytesPerClient);
  return async (context, use) => {
    const user = context.get('user');
    const seconds = photos.hit(user);
    if (seconds > 0) throw new DctoonError('rate_limited', 'photos per minute', { details: { seconds } });
    return withPhotoForm(context.req.raw, { limits, budget, user, folder }, async ({ photo, fields }) => {
      const { data } = photoFields.safeParse(fields);
      if (!data) throw new HttpProblem('bad_form');
      const style = data.style ?? defaultStyle;
      if (!styles.some(({ id }) => id === style)) throw new DctoonError('unknown_style');
      const { locale } = context.get('texts');
      const { format = 'jpeg', strength } = data;
      return use({ user, style, strength, format, locale }, photo);
    });
  };
}
