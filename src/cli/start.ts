/** `dctoon start`: the service, wherever the package is installed. */
import dotenv from 'dotenv';

/** @param packagedModels used where neither the environment nor `.env` names another folder */
export async function start(packagedModels: string): Promise<void> {
  dotenv.config({ quiet: true });
  process.env['MODELS_DIR'] ||= packagedModels;
  await import('../main.ts');
}
