/** What a process without a page serves over HTTP: `/healthz`, `/readyz` and `/metrics`. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { ExtraRoute, Web } from '../web/index.ts';
import { HttpProblem } from '../web/middleware/problems.ts';
import { knownHosts } from '../web/middleware/security.ts';
import { healthRoutes } from '../web/routes/health.ts';
import type { WebEnv } from '../web/types.ts';

export interface HealthOptions {
  readonly config: {
    readonly WEB_HOST: string;
    readonly WEB_PORT: number;
    readonly ALLOWED_HOSTS: readonly string[];
  };
  readonly notReady: () => Promise<readonly string[]>;
  readonly routes: readonly ExtraRoute[];
}

export function createHealth({ config, notReady, routes }: HealthOptions): Pick<Web, 'start' | 'stop'> {
  const app = new Hono<WebEnv>();
  app.onError((error, context) => context.text('', error instanceof HttpProblem ? 421 : 500));
  app.use(knownHosts(config.ALLOWED_HOSTS));
  healthRoutes(app, notReady);
  for (const { method, path, handle } of routes) app.on(method, path, (context) => handle(context.req.raw));
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  return {
    async start() {
      server.listen(config.WEB_PORT, config.WEB_HOST);
      await once(server, 'listening');
      return { url: `http://localhost:${(server.address() as AddressInfo).port}` };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
