/**
 * The life of every photo in the log, one line per step: queued, processing, delivering, done or failed. Warnings of
 * other parts about the same photo carry the same field `job`, so one grep for an id tells its story.
 */

import type { Queue } from '../queue/types.ts';
import type { Logger } from './logger.ts';

export function logPhotos(queue: Pick<Queue, 'on'>, log: Logger): void {
  queue.on('queued', ({ job }) => {
    log.info({ job: job.id, platform: job.platform, style: job.style }, 'photo queued');
  });
  queue.on('processing', ({ job, waitedMs }) => {
    log.info({ job: job.id, attempt: job.attempt, waitedMs }, 'photo processing');
  });
  queue.on('delivering', ({ job, outcome, workedMs }) => {
    if (outcome.ok) {
      const { width, height, faces, timings } = outcome.cartoon;
      const ms = Object.fromEntries(
        Object.entries(timings).map(([stage, time]) => [stage, Math.round(time)]),
      );
      log.info({ job: job.id, workedMs, width, height, faces, ms }, 'photo delivering');
    } else if (outcome.error.fault === 'ours') {
      log.error({ job: job.id, workedMs, code: outcome.error.code, err: outcome.error }, 'photo delivering');
    } else {
      log.info({ job: job.id, workedMs, code: outcome.error.code }, 'photo delivering');
    }
  });
  queue.on('done', ({ job }) => {
    log.info({ job: job.id, totalMs: Date.now() - job.createdAt }, 'photo done');
  });
  queue.on('failed', ({ job }) => {
    log.error({ job: job.id, totalMs: Date.now() - job.createdAt }, 'photo failed');
  });
}
