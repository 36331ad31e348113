/** Takes the lock of PATH (process-lock.test.ts): prints `held` and stays, or prints why not and ends. */
import { acquireProcessLock } from '../../src/storage/process-lock.ts';

try {
  await acquireProcessLock(process.argv[2] ?? '');
  process.stdout.write('held\n');
  setInterval(() => {}, 1000);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
}
