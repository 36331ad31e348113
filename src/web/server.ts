/** Puts the page and its HTTP API together and listens. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { DctoonError } from '../shared/errors.ts';
import { JobService } from './jobs/job-service.ts';
import { ResultFiles } from './jobs/result-files.ts';
import { createVisitors } from './middleware/client.ts';
import { createDownloads } from './middleware/downloads.ts';
import { createFloodGuard } from './middleware/flood-guard.ts';
import { FixedWindow } from './middleware/limits.ts';
import { lingeringClose } from './middleware/lingering-close.ts';
import { answerProblem, HttpProblem } from './middleware/problems.ts';
import { requestContext } from './middleware/request-context.ts';
import { apiKey, knownHosts, sameSiteOnly, securityHeaders } from './middleware/security.ts';
import { createTurns } from './middleware/turns.ts';
import { openApi } from './openapi.ts';
import { loadAssets } from './page/assets.ts';
import { apiRoutes } from './routes/api.ts';
import { apiDocsRoute } from './routes/api-docs.ts';
import { deviceRoutes } from './routes/device.ts';
import { createEventStreams } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { pageRoutes } from './routes/page.ts';
import { createPhotoForm } from './routes/photo-form.ts';
import { thumbnailRoute, thumbnailUrl } from './routes/thumbnails.ts';
import { uploadRoute } from './routes/upload.ts';
import { DEFAULT_LIMITS, type Web, type WebContext, type WebEnv, type WebOptions } from './types.ts';

/** Milliseconds that requests in flight get when the server stops. */
const STOP_GRACE_MS = 2000;

/**
 * Connections that the kernel keeps until they are accepted, as far as it allows (`somaxconn`): at Node's 511 the next
 * one would only be tried again after a second.
 */
const BACKLOG = 4096;

/** Builds the page. It answers the queue's jobs of platform `web` from now on, and listens after `start`. */
export async function createWeb(options: WebOptions): Promise<Web> {
  const { config, queue, styles, thumbnails = new Map(), device, logger, texts } = options;
  const { extraRoutes = [], notReady = () => [], botLinks = () => [] } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const log = logger.child({ part: 'web' });
  const stopping = new AbortController();
  const temporary = options.folder === undefined ? await mkdtemp(join(tmpdir(), 'dctoon-page-')) : undefined;
  const files = await ResultFiles.open(options.folder ?? temporary ?? '', log);
  const left = await files.load();
  const jobs = new JobService({ queue, limits, keepMinutes: config.KEEP_MINUTES, files, left });
  const assets = await loadAssets();

  const app = new Hono<WebEnv>();
  app.notFound((context) => answerProblem(context, new HttpProblem('not_found')));
  app.onError((error, context) => answerProblem(context, error));
  const visitorOf = createVisitors(config.TRUST_PROXY);
  app.use(requestContext(options, visitorOf));
  app.use(lingeringClose(limits.lingerMs));
  app.use(securityHeaders);
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (context, methods) =>
        answerProblem(
          context as WebContext,
          new HttpProblem('method_not_allowed', { Allow: methods.join(', ') }),
        ),
    }),
  );
  app.use(knownHosts(config.ALLOWED_HOSTS));
  // Platforms call these, all from a few addresses and with proofs of their own: no limits meant for people.
  for (const { method, path, handle } of extraRoutes) {
    app.on(method, path, (context) => handle(context.req.raw));
  }

  // Whoever watches the service asks often, and from the address of everybody else behind the same proxy.
  healthRoutes(app, async () => (stopping.signal.aborted ? ['stopping'] : await notReady()));

  const requests = new FixedWindow(limits.requestsPerMinute, 60_000);
  app.use(async (context, next) => {
    const seconds = requests.hit(context.get('user'));
    if (seconds > 0) throw new DctoonError('rate_limited', 'requests per minute', { details: { seconds } });
    await next();
  });
  app.use(sameSiteOnly);
  // Before the key: an `<img>` cannot send one.
  thumbnailRoute(app, thumbnails);
  if (device) deviceRoutes(app, device);
  const key = apiKey(config.WEB_API_KEY);
  app.use('/upload', key);
  app.use('/api/*', key);

  const readPhoto = createPhotoForm({
    styles,
    defaultStyle: config.DEFAULT_STYLE,
    photosPerMinute: config.WEB_RATE_LIMIT,
    limits,
    folder: files.drafts,
  });
  const events = createEventStreams(jobs, limits, stopping.signal);
  const pictured = { styles, thumbnailUrl: (style: string) => thumbnailUrl(thumbnails, style) };
  const { photoBytes } = limits;
  await pageRoutes(app, { ...pictured, config, texts, assets, photoBytes, botLinks, device });
  const download = createDownloads(limits);
  app.post('/upload', uploadRoute(jobs, readPhoto, download, files.drafts));
  apiRoutes(app, { ...pictured, jobs, readPhoto, events, download, defaultStyle: config.DEFAULT_STYLE });
  const document = openApi();
  await apiDocsRoute(app, document, assets);
  app.get('/openapi.json', (context) => context.json(document, 200, { 'Cache-Control': 'no-cache' }));

  const exempt = extraRoutes.map(({ path }) => path);
  const watched = ['/healthz', '/readyz'];
  const { requestsPerMinute } = limits;
  const isFlood = createFloodGuard({ requestsPerMinute, visitorOf, exempt, watched });
  const turns = createTurns();
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const timeouts = { headersTimeout: 15_000, requestTimeout: limits.bodyTotalMs + 15_000 };
  const server = createServer(timeouts, (incoming, outgoing) => {
    if (isFlood(incoming, outgoing)) return;
    const handle = () => {
      // Its sender may have gone while it waited.
      if (!incoming.socket.destroyed) void listener(incoming, outgoing);
    };
    const path = incoming.url?.split('?', 1)[0] ?? '';
    if (exempt.includes(path) || watched.includes(path)) handle();
    else turns.take(visitorOf(incoming), handle);
  });
  server.on('connection', () => turns.arrived());

  return {
    app,
    start: () => listen(server, config.WEB_HOST, config.WEB_PORT),
    stop: async () => {
      stopping.abort();
      await close(server);
      jobs.close();
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true, maxRetries: 10 });
      log.debug('page stopped');
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<{ url: string }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      const name =
        host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
      resolve({ url: `http://${name}:${(server.address() as AddressInfo).port}` });
    });
  });
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const force = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await closed;
  clearTimeout(force);
}
