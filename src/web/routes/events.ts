/** `GET /api/jobs/:id/events`: server-sent events `position`, `stage`, `done` and `failed`; the data is the job as `GET /api/jobs/:id` shows it. */
import { streamSSE } from 'hono/streaming';
import { DctoonError } from '../../shared/errors.ts';
import type { JobService } from '../jobs/job-service.ts';
import { jobView } from '../jobs/job-view.ts';
import { Gate } from '../middleware/limits.ts';
import { HttpProblem } from '../middleware/problems.ts';
import type { JobView } from '../schemas.ts';
import type { WebContext, WebLimits } from '../types.ts';

export type EventStreams = (context: WebContext, id: string) => Response;

const EVENTS = {
  queued: 'position',
  processing: 'stage',
  done: 'done',
  failed: 'failed',
} as const satisfies Record<JobView['state'], string>;

/** Positions move when other people's photos do, which no event of this job tells: looked at once a second. */
const LOOK_MS = 1000;
/** Comments keep proxies from closing a quiet connection. */
const KEEP_ALIVE_MS = 15_000;

/** @param stopping ends all streams */
export function createEventStreams(jobs: JobService, limits: WebLimits, stopping: AbortSignal): EventStreams {
  const gate = new Gate(limits.streams, limits.streamsPerClient);
  return (context, id) => {
    const texts = context.get('texts');
    if (!jobView(jobs, id, texts)) throw new HttpProblem('not_found');
    if (context.req.method === 'HEAD')
      return context.body(null, 200, { 'Content-Type': 'text/event-stream' });
    const evicted = new AbortController();
    const leave = gate.enter(context.get('user'), () => evicted.abort());
    if (!leave) throw new DctoonError('rate_limited', 'too many event streams', { details: { seconds: 5 } });

    // Without this, nginx collects events before it passes them on.
    context.header('X-Accel-Buffering', 'no');
    return streamSSE(context, async (stream) => {
      let wake = () => {};
      const unwatch = jobs.watch(id, () => wake());
      const stop = () => wake();
      stream.onAbort(stop);
      stopping.addEventListener('abort', stop);
      evicted.signal.addEventListener('abort', stop);
      try {
        let sent = '';
        let sentAt = Date.now();
        while (!stream.aborted && !stopping.aborted && !evicted.signal.aborted) {
          // Made before looking, so that nothing that happens while writing is missed.
          const changed = new Promise<void>((resolve) => {
            wake = resolve;
            setTimeout(resolve, LOOK_MS).unref();
          });
          const view = jobView(jobs, id, texts);
          if (!view) break;
          const data = JSON.stringify(view);
          if (data !== sent) {
            await stream.writeSSE({ event: EVENTS[view.state], data });
            sent = data;
            sentAt = Date.now();
          } else if (Date.now() - sentAt >= KEEP_ALIVE_MS) {
            await stream.write(': still here\n\n');
            sentAt = Date.now();
          }
          if (view.state === 'done' || view.state === 'failed') break;
          await changed;
        }
      } finally {
        stopping.removeEventListener('abort', stop);
        unwatch();
        leave();
      }
    });
  };
}
