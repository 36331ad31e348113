/** `/api`: photos as jobs that a client can follow, fetch, cancel and delete. */
import type { Hono } from 'hono';
import type { Style } from '../../inference/types.ts';
import type { JobService } from '../jobs/job-service.ts';
import { jobView } from '../jobs/job-view.ts';
import { isWebJobId } from '../jobs/web-job-id.ts';
import type { Download } from '../middleware/downloads.ts';
import { HttpProblem } from '../middleware/problems.ts';
import type { StylesView } from '../schemas.ts';
import type { WebContext, WebEnv } from '../types.ts';
import type { EventStreams } from './events.ts';
import { nameJob, type PhotoFormReader } from './photo-form.ts';

export interface ApiOptions {
  readonly jobs: JobService;
  readonly readPhoto: PhotoFormReader;
  readonly events: EventStreams;
  readonly download: Download;
  readonly styles: readonly Style[];
  readonly thumbnailUrl: (style: string) => string | undefined;
  readonly defaultStyle: string;
}

/** Header values that may be used as idempotency keys: visible ASCII, not long. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;
const NO_STORE = { 'Cache-Control': 'no-store' };

export function apiRoutes(app: Hono<WebEnv>, options: ApiOptions): void {
  const { jobs, readPhoto, events, download, styles, thumbnailUrl, defaultStyle } = options;
  const jobId = (context: WebContext) => {
    const id = context.req.param('id') ?? '';
    if (!isWebJobId(id)) throw new HttpProblem('not_found');
    nameJob(context, id);
    return id;
  };

  app.get('/api/styles', (context) => {
    const texts = context.get('texts');
    const view: StylesView = {
      default: defaultStyle,
      styles: styles.map((style) => ({
        id: style.id,
        title: texts.styleTitle(style),
        description: texts.styleDescription(style),
        thumbnail: thumbnailUrl(style.id),
      })),
    };
    return context.json(view, 200, { 'Cache-Control': 'no-cache', Vary: 'Accept-Language, Cookie' });
  });

  app.post('/api/jobs', async (context) => {
    const key = context.req.header('idempotency-key');
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) throw new HttpProblem('bad_form');
    const id = await readPhoto(context, 'jpeg', (request, photo) =>
      jobs.submit({ ...request, idempotencyKey: key }, photo),
    );
    nameJob(context, id);
    const url = `/api/jobs/${id}`;
    return context.json({ id, url }, 202, { ...NO_STORE, Location: url });
  });

  app.get('/api/jobs/:id', (context) => {
    const view = jobView(jobs, jobId(context), context.get('texts'));
    if (!view) throw new HttpProblem('not_found');
    return context.json(view, 200, NO_STORE);
  });

  app.get('/api/jobs/:id/events', (context) => events(context, jobId(context)));

  app.get('/api/jobs/:id/result', async (context) => {
    const id = jobId(context);
    const outcome = jobs.result(id)?.outcome;
    if (!outcome) throw new HttpProblem(jobs.status(id) ? 'not_ready' : 'not_found', { 'Retry-After': '1' });
    if (!outcome.ok) throw outcome.error;
    const { format } = outcome.cartoon;
    const answer = await download(context, outcome.picture, {
      ...NO_STORE,
      'Content-Type': `image/${format}`,
      'Content-Disposition': `inline; filename="cartoon_result.${format === 'jpeg' ? 'jpg' : format}"`,
    });
    if (context.req.method === 'GET') jobs.fetched(id);
    return answer;
  });

  app.delete('/api/jobs/:id', async (context) => {
    if (!(await jobs.remove(jobId(context)))) throw new HttpProblem('not_found');
    return context.body(null, 204);
  });
}
