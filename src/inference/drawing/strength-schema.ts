/** A strength that comes from outside. Apart from `strength.ts`, which browsers run as well. */
import { z } from 'zod';
import { STRENGTH } from './strength.ts';

/** What `isStrength` takes. */
export const strengthSchema = z.int().min(STRENGTH.least).max(STRENGTH.most);
