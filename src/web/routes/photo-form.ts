/** What `/upload` and `/api/jobs` have in common: the rate limit, the form, the style. */

import type { PhotoFormat, Style } from '../../inference/types.ts';
import { DctoonError } from '../../shared/errors.ts';
import type { StoredFile } from '../../storage/draft-file.ts';
import type { WebPhotoRequest } from '../jobs/job-service.ts';
import { type PhotoForm, photoFields, withPhotoForm } from '../middleware/body.ts';
import { ByteBudget } from '../middleware/limits.ts';
import { PhotoCharge } from '../middleware/photo-charge.ts';
import { HttpProblem } from '../middleware/problems.ts';
import type { WebContext, WebLimits } from '../types.ts';

/** Passes the photo of a request on; its file is gone afterwards. The format counts where the form names none. */
export type PhotoFormReader = <T>(
  context: WebContext,
  defaultFormat: PhotoFormat,
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
  const charge = new PhotoCharge(photosPerMinute);
  const budget = new ByteBudget(limits.bodyBudgetBytes, limits.bodyBudgetBytesPerClient);
  return async (context, defaultFormat, use) => {
    const user = context.get('user');
    let owed = charge.announced(context);
    const take = async ({ photo, fields }: PhotoForm) => {
      const rest = owed;
      owed = 0;
      await charge.arrived(context, rest, photo);
      const { data } = photoFields.safeParse(fields);
      if (!data) throw new HttpProblem('bad_form');
      const style = data.style ?? defaultStyle;
      if (!styles.some(({ id }) => id === style)) throw new DctoonError('unknown_style');
      const { locale } = context.get('texts');
      const { format = defaultFormat, as, strength } = data;
      return use({ user, style, strength, format, as, locale }, photo);
    };
    try {
      return await withPhotoForm(context.req.raw, { limits, budget, user, folder }, take);
    } finally {
      charge.wasted(context, owed);
    }
  };
}
