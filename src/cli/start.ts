/** `dctoon start`: the service, wherever the package is installed. */
import dotenv from 'dotenv';
import { PACKAGED_MODELS } from '../shared/version.ts';

/** Neither the environment nor `.env` has to name a folder of models. */
export async function start(): Promise<void> {
  dotenv.config({ quiet: true });
  process.env['MODELS_DIR'] ||= PACKAGED_MODELS;
  await import('../main.ts');
}
