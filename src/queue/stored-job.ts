/** Jobs as JSON, in the journal and in Redis: what is read from there is checked like anything from outside. */
import { z } from 'zod';
import { strengthSchema } from '../inference/drawing/strength-schema.ts';
import { PHOTO_FORMATS, SHAPES } from '../inference/types.ts';
import { JOB_ID } from '../shared/job-id.ts';

/** A job without its reply target. What a later version adds is kept. */
export const storedJobSchema = z.looseObject({
  id: z.string().regex(JOB_ID),
  user: z.string(),
  platform: z.enum(['telegram', 'discord', 'web']),
  style: z.string(),
  format: z.enum(PHOTO_FORMATS),
  as: z.enum(SHAPES).exactOptional(),
  strength: strengthSchema.exactOptional(),
  maxBytes: z.number().exactOptional(),
  locale: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().exactOptional(),
});
