/** A service that fails again and again, and cannot stop (lifecycle.test.ts). */
import { runProcess } from '../../src/app/lifecycle.ts';

await runProcess(async () => {
  setInterval(() => {
    throw new Error('broken');
  }, 50);
  return { stop: () => new Promise(() => {}) };
}, 500);
